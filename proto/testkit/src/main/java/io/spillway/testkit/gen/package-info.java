/**
 * Owns made-up inputs: models, members, requests, chains. May import {@code domain}. Drawn from a generator that the caller
 * owns, so that a seed fixes them.
 */
package io.spillway.testkit.gen;
