/** Rooms: a log each, members as cursors over it, turns that wake them. */
package parley.room;
