package io.spillway.grammar.automaton;

import static java.util.Objects.requireNonNull;

import java.util.Objects;

/**
 * A named language that others, and itself, may call. Made in two steps, so that rules can be recursive: {@code new}, then
 * {@link #define}. {@link Rules#prepare} makes it ready to be followed; from then on any thread may read it.
 */
public final class Rule {
    private final String name;
    private final boolean shared;
    private final boolean covered;
    private Expr body;
    private RawNfa raw;
    private boolean nullable;
    private boolean productive;
    private int leftHeight;
    private Automaton automaton;

    /** @param name what error messages call it */
    public Rule(final String name) {
        this(name, false, false);
    }

    private Rule(final String name, final boolean shared, final boolean covered) {
        this.name = requireNonNull(name);
        this.shared = shared;
        this.covered = covered;
    }

    /** @return a rule that many grammars use; it may call only rules that are shared too */
    public static Rule shared(final String name) {
        return new Rule(name, true, false);
    }

    /**
     * A rule that is only called where its caller, without calling it, reads the same and goes on in the same ways, for {@link
     * Automaton#NEAR_BYTES} more than the rule is long: it is there for what comes later.
     */
    static Rule covered(final String name) {
        return new Rule(name, false, true);
    }

    /** Says what the rule stands for; once. */
    public Rule define(final Expr expr) {
        if (body != null || raw != null) {
            throw new IllegalStateException("rule " + name + " is defined already");
        }
        body = requireNonNull(expr);
        return this;
    }

    Rule define(final RawNfa states) {
        raw = states;
        return this;
    }

    /** @return what error messages call it */
    public String name() {
        return name;
    }

    /** @return whether many grammars use it */
    public boolean isShared() {
        return shared;
    }

    boolean isCovered() {
        return covered;
    }

    /** @return what it stands for; null when it was made as states */
    Expr body() {
        return body;
    }

    boolean isDefined() {
        return body != null || raw != null;
    }

    RawNfa raw() {
        return raw;
    }

    void built(final RawNfa states) {
        raw = states;
    }

    /** @return whether the empty text is in it; known once prepared */
    public boolean isNullable() {
        return nullable;
    }

    void markNullable() {
        nullable = true;
    }

    /** @return whether any text is in it; known once prepared */
    public boolean isProductive() {
        return productive;
    }

    void markProductive() {
        productive = true;
    }

    /** @return how many calls deep a thread can get before its first byte */
    int leftHeight() {
        return leftHeight;
    }

    void leftHeight(final int height) {
        leftHeight = height;
    }

    void ready(final Automaton ready) {
        automaton = ready;
        // What it was built from is not needed any more.
        raw = null;
    }

    boolean isReady() {
        return automaton != null;
    }

    Automaton automaton() {
        return automaton;
    }

    /** @return where reading it begins */
    public DfaState start() {
        return Objects.requireNonNull(automaton, "prepare the rule first").start();
    }
}
