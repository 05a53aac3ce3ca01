/** Who a client is and what it may: tokens and what they grant. The only package that imports the token library. */
package parley.access;
