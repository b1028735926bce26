/**
 * Owns the answer to "whose step is this": which agent run, session and agent a request belongs to, read from headers and bodies of clients
 * that know nothing of it. Imports {@code domain}, {@code gateway.chat}, {@code gateway.http}, {@code gateway.json} and Jackson. Stateless;
 * any thread. What is found here is the client's word and is trusted with nothing but accounting within its own tenant.
 */
package io.spillway.gateway.identity;
