package io.spillway.grammar.schema;

/** Which white space stands between the parts of JSON text. There is always a bound: a model cannot write blanks for ever. */
public enum Whitespace {
    /** None. */
    COMPACT,
    /** One blank after each comma and colon, as Python writes. */
    SPACED,
    /** None or one blank after a colon; elsewhere none, one blank, or a new line with up to 32 blanks. */
    FLEXIBLE
}
