package io.spillway.text.template;

/** Something that a template can call: a macro, a global function, a bound method. */
@FunctionalInterface
interface Callable {
    Object call(Arguments arguments);
}
