/**
 * Owns how much a tenant may ask for: requests and tokens per minute, and money in all. Imports {@code domain} only. Buckets are soft state
 * of this replica, under one lock; any thread.
 */
package io.spillway.gateway.limits;
