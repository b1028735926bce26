/**
 * Owns the Java client of a Spillway cluster: chat over gRPC with streaming, deadlines, and resumption on another replica
 * at the next token when the one that served dies. Imports {@code domain} and {@code wire}. A client is safe for any
 * number of threads; a call's events arrive one at a time.
 */
package io.spillway.sdk;
