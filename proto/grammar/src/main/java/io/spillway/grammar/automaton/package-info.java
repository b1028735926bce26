/**
 * Owns languages over bytes: expressions, rules that call each other, and the machine that follows them one byte at a time.
 *
 * <p>A rule becomes an automaton over bytes whose edges may also call a rule; automata are made deterministic lazily, as far as
 * input goes. What is being read is a set of threads, each a state on a stack of states to return to, so that recursion needs no
 * unrolling and ambiguity no backtracking. Every state that can be reached can also be left towards an end: there are no dead ends.
 *
 * <p>May import the JDK and {@code domain.error}. Rules, automata and their states may be read by any thread; {@link
 * io.spillway.grammar.automaton.Threads} belongs to one.
 */
package io.spillway.grammar.automaton;
