package io.spillway.node.cuda.driver;

import jcuda.driver.CUcontext;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;

/** JCuda's handles, with the numbers that are in them: what is called through the FFM API needs those. */
final class Handles {
    private Handles() {
    }

    /** A context. */
    static final class Context extends CUcontext {
        long handle() {
            return getNativePointer();
        }
    }

    /** A stream. */
    static final class Stream extends CUstream {
        long handle() {
            return getNativePointer();
        }
    }

    /** An event. */
    static final class Event extends CUevent {
        long handle() {
            return getNativePointer();
        }
    }

    /** A kernel in a module. */
    static final class Function extends CUfunction {
        long handle() {
            return getNativePointer();
        }
    }

    /** A captured graph. */
    static final class Graph extends CUgraph {
        long handle() {
            return getNativePointer();
        }
    }

    /** A graph that can be launched. */
    static final class Executable extends CUgraphExec {
        long handle() {
            return getNativePointer();
        }
    }
}
