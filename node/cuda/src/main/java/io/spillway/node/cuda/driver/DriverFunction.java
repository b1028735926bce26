package io.spillway.node.cuda.driver;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Collections;

/**
 * A C function that returns a result code. Everything it takes is given as a long: addresses, handles, sizes, flags. Calls make no
 * garbage. Any thread, as far as the library allows.
 */
final class DriverFunction {
    private final String name;
    private final MethodHandle handle;

    DriverFunction(final String name, final MethodHandle handle) {
        this.name = name;
        this.handle = MethodHandles.explicitCastArguments(handle,
                MethodType.methodType(int.class, Collections.nCopies(handle.type().parameterCount(), long.class)));
    }

    String name() {
        return name;
    }

    int call(final long a) {
        try {
            return (int) handle.invokeExact(a);
        } catch (final Throwable e) {
            throw notCalled(e);
        }
    }

    int call(final long a, final long b) {
        try {
            return (int) handle.invokeExact(a, b);
        } catch (final Throwable e) {
            throw notCalled(e);
        }
    }

    int call(final long a, final long b, final long c) {
        try {
            return (int) handle.invokeExact(a, b, c);
        } catch (final Throwable e) {
            throw notCalled(e);
        }
    }

    int call(final long a, final long b, final long c, final long d) {
        try {
            return (int) handle.invokeExact(a, b, c, d);
        } catch (final Throwable e) {
            throw notCalled(e);
        }
    }

    int call(final long a, final long b, final long c, final long d, final long e) {
        try {
            return (int) handle.invokeExact(a, b, c, d, e);
        } catch (final Throwable t) {
            throw notCalled(t);
        }
    }

    int call(final long a, final long b, final long c, final long d, final long e, final long f) {
        try {
            return (int) handle.invokeExact(a, b, c, d, e, f);
        } catch (final Throwable t) {
            throw notCalled(t);
        }
    }

    int call(final long a, final long b, final long c, final long d, final long e, final long f, final long g) {
        try {
            return (int) handle.invokeExact(a, b, c, d, e, f, g);
        } catch (final Throwable t) {
            throw notCalled(t);
        }
    }

    /** Sixteen, in their order. */
    int call16(final long a, final long b, final long c, final long d, final long e, final long f, final long g, final long h, final long i, final long j,
            final long k, final long l, final long m, final long n, final long o, final long p) {
        try {
            return (int) handle.invokeExact(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
        } catch (final Throwable t) {
            throw notCalled(t);
        }
    }

    /** For functions of more parameters, off the hot path. */
    int callWith(final Object... arguments) {
        try {
            return (int) handle.invokeWithArguments(arguments);
        } catch (final Throwable t) {
            throw notCalled(t);
        }
    }

    private IllegalStateException notCalled(final Throwable cause) {
        if (cause instanceof final Error error) {
            throw error;
        }
        return new IllegalStateException(name + " could not be called", cause);
    }
}
