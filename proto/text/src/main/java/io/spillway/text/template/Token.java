package io.spillway.text.template;

/** One token of a template. @param line from 1 */
record Token(Kind kind, String text, int line) {
    enum Kind { DATA, VARIABLE_BEGIN, VARIABLE_END, BLOCK_BEGIN, BLOCK_END, NAME, STRING, INTEGER, FLOAT, OPERATOR, END }

    boolean is(final Kind wanted, final String wantedText) {
        return kind == wanted && text.equals(wantedText);
    }

    boolean operator(final String wanted) {
        return is(Kind.OPERATOR, wanted);
    }

    boolean name(final String wanted) {
        return is(Kind.NAME, wanted);
    }

    /** @return how to name it in a message */
    String shown() {
        return kind == Kind.END ? "the end of the template" : "'" + text + "'";
    }
}
