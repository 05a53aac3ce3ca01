// The bound: what it costs to broadcast when nothing is done but to send. One thread, epoll; what one turn of the loop brought
// to a room goes to each member in one write. No limits, no checks, no SHA-1: the answer to the handshake is the one for the
// key that the load sends. A member that does not take all of a write misses what comes until it has taken the rest.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ = 1 << 18, EVENTS = 512, ROOMS = 1 << 14, NAME = 32 };

typedef struct {
  char name[NAME];
  struct client **members;
  int count, space;
  char *turn; // what this turn of the loop has brought
  size_t length, capacity;
} room;

typedef struct client {
  int fd, place; // where it is among its room's members
  room *room;    // none: it echoes, or has not asked yet
  char open, gone;
  char *rest, *unsent; // the beginning of a frame; the end of a write
  size_t restlength, unsentlength;
} client;

static const char answer[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static room rooms[ROOMS], *talked[ROOMS];
static int talkedcount, loop;
static client *dead[EVENTS * 4];
static int deadcount;
static char in[READ * 2];

static room *find(const char *name, size_t length) {
  unsigned hash = 5381;
  for (size_t i = 0; i < length; i++) hash = hash * 33 + (unsigned char)name[i];
  for (unsigned i = hash % ROOMS;; i = (i + 1) % ROOMS) {
    if (!rooms[i].name[0]) memcpy(rooms[i].name, name, length);
    if (!strncmp(rooms[i].name, name, length) && !rooms[i].name[length]) return &rooms[i];
  }
}

static void enter(client *c, room *r) {
  if (r->count == r->space) r->members = realloc(r->members, (r->space = r->space ? r->space * 2 : 8) * sizeof *r->members);
  c->room = r;
  c->place = r->count;
  r->members[r->count++] = c;
}

// The memory goes at the end of the turn: there may be events for it yet.
static void end(client *c) {
  if (c->gone) return;
  c->gone = 1;
  if (c->room) {
    client *last = c->room->members[--c->room->count];
    c->room->members[last->place = c->place] = last;
  }
  close(c->fd);
  if (deadcount < EVENTS * 4) dead[deadcount++] = c;
}

static void put(client *c, const char *bytes, size_t length) {
  if (c->unsent) return;
  ssize_t sent = send(c->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) sent = 0;
  if (sent == 0 || (size_t)sent == length) return; // whole, or not at all
  c->unsentlength = length - sent;
  c->unsent = malloc(c->unsentlength);
  memcpy(c->unsent, bytes + sent, c->unsentlength);
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(loop, EPOLL_CTL_MOD, c->fd, &e);
}

static void putrest(client *c) {
  ssize_t sent = send(c->fd, c->unsent, c->unsentlength, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent <= 0) return;
  memmove(c->unsent, c->unsent + sent, c->unsentlength -= sent);
  if (c->unsentlength) return;
  free(c->unsent);
  c->unsent = NULL;
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(loop, EPOLL_CTL_MOD, c->fd, &e);
}

static void say(room *r, const char *frame, size_t length) {
  if (!r->length) talked[talkedcount++] = r;
  if (r->length + length > r->capacity) r->turn = realloc(r->turn, r->capacity = (r->length + length) * 2);
  memcpy(r->turn + r->length, frame, length);
  r->length += length;
}

// Takes the mask off and moves the header up to the payload: the frame as a server sends it.
static size_t frame(client *c, char *at, size_t available) {
  unsigned char *h = (unsigned char *)at;
  if (available < 6) return 0;
  size_t length = h[1] & 127, header = 2;
  if (length == 126) length = h[2] << 8 | h[3], header = 4;
  else if (length == 127) {
    if (available < 14) return 0;
    length = 0;
    for (int i = 2; i < 10; i++) length = length << 8 | h[i];
    header = 10;
  }
  if (available < header + 4 + length) return 0;
  if ((h[0] & 15) == 8) {
    put(c, "\x88\0", 2);
    end(c);
    return available;
  }
  char *payload = at + header + 4;
  unsigned int key;
  memcpy(&key, at + header, 4);
  size_t i = 0;
  for (unsigned long wide = (unsigned long)key << 32 | key, eight; i + 8 <= length; i += 8) {
    memcpy(&eight, payload + i, 8);
    eight ^= wide;
    memcpy(payload + i, &eight, 8);
  }
  for (; i < length; i++) payload[i] ^= at[header + (i & 3)];
  h[1] &= 127;
  memmove(at + 4, at, header);
  if ((h[4] & 15) > 2) return header + 4 + length; // a pong
  if (c->room) say(c->room, at + 4, header + length);
  else put(c, at + 4, header + length);
  return header + 4 + length;
}

static void take(client *c) {
  size_t length = c->restlength;
  if (length) memcpy(in, c->rest, length);
  ssize_t got = recv(c->fd, in + length, READ, 0);
  if (got <= 0) {
    if (got == 0 || errno != EAGAIN) end(c);
    return;
  }
  length += got;
  size_t at = 0;
  if (!c->open) {
    char *asked = memmem(in, length, "\r\n\r\n", 4);
    if (asked) {
      const char *name = memcmp(in, "GET /chat/", 10) ? NULL : in + 10;
      size_t namelength = name ? strcspn(name, " ?\r") : 0;
      c->open = 1;
      at = asked + 4 - in;
      put(c, answer, sizeof answer - 1);
      if (namelength && namelength < NAME) enter(c, find(name, namelength));
    }
  }
  if (c->open)
    for (size_t used; !c->gone && at < length && (used = frame(c, in + at, length - at)); at += used);
  if (c->gone) return;
  c->restlength = length - at;
  if (c->restlength) memcpy(c->rest = realloc(c->rest, c->restlength), in + at, c->restlength);
  else free(c->rest), c->rest = NULL;
}

static void let_in(int door) {
  int one = 1;
  for (int fd; (fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    client *c = calloc(1, sizeof *c);
    c->fd = fd;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e);
  }
}

int main(int count, char **arguments) {
  int one = 1, door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(count > 1 ? atoi(arguments[1]) : 8080),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(door, (void *)&address, sizeof address) || listen(door, 4096)) {
    perror("bound");
    return 1;
  }
  loop = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
  epoll_ctl(loop, EPOLL_CTL_ADD, door, &e);
  puts("ready");
  fflush(stdout);
  for (;;) {
    int ready = epoll_wait(loop, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
      client *c = events[i].data.ptr;
      if (!c) let_in(door);
      else {
        if (!c->gone && c->unsent && events[i].events & EPOLLOUT) putrest(c);
        if (!c->gone && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) take(c);
      }
    }
    for (int i = 0; i < talkedcount; i++) {
      room *r = talked[i];
      for (int j = 0; j < r->count; j++) put(r->members[j], r->turn, r->length);
      r->length = 0;
    }
    talkedcount = 0;
    while (deadcount) {
      client *c = dead[--deadcount];
      free(c->rest);
      free(c->unsent);
      free(c);
    }
  }
}
