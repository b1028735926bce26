/**
 * Owns a real browser for tests of pages: Chromium without a window, driven over its DevTools protocol with the JDK's own WebSocket.
 * Imports Jackson. A browser and its pages may be used by one thread at a time.
 */
package io.spillway.testkit.browser;
