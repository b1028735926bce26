package io.spillway.node.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** A C function (address, int, struct, int) that returns a result code. Any thread. */
record StructFunction(String name, MethodHandle handle) {
    int call(final long address, final int first, final MemorySegment struct, final int second) {
        try {
            return (int) handle.invokeExact(address, first, struct, second);
        } catch (final Error e) {
            throw e;
        } catch (final Throwable e) {
            throw new IllegalStateException(name + " could not be called", e);
        }
    }
}
