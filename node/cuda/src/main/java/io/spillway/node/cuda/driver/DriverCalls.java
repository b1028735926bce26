package io.spillway.node.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;

/** The driver's functions that are called every step, or that JCuda lacks. Any thread that has bound a context. */
final class DriverCalls {
    final DriverFunction setCurrent;
    final DriverFunction launchKernel;
    final DriverFunction loadFunction;
    final DriverFunction parameterInfo;
    final DriverFunction setFunctionAttribute;

    final DriverFunction copyToDevice;
    final DriverFunction copyToHost;
    final DriverFunction copyOnDevice;
    final DriverFunction copyToPeer;
    final DriverFunction fill;

    final DriverFunction synchronizeStream;
    final DriverFunction queryStream;
    final DriverFunction awaitEvent;
    final DriverFunction recordEvent;
    final DriverFunction synchronizeEvent;
    final DriverFunction queryEvent;
    final DriverFunction elapsed;
    final DriverFunction launchGraph;
    final DriverFunction updateGraph;

    final DriverFunction allocate;
    final DriverFunction free;
    final DriverFunction allocateAsync;
    final DriverFunction freeAsync;
    final DriverFunction memoryInfo;
    final DriverFunction defaultPool;
    final DriverFunction setPoolAttribute;
    final DriverFunction allocateHost;
    final DriverFunction freeHost;
    final DriverFunction register;
    final DriverFunction unregister;

    DriverCalls(final DriverLibrary library) throws CudaUnavailableException {
        setCurrent = library.function("cuCtxSetCurrent", longs(1));
        launchKernel = library.function("cuLaunchKernelEx", longs(4));
        loadFunction = library.function("cuFuncLoad", longs(1));
        parameterInfo = library.function("cuFuncGetParamInfo", longs(4));
        setFunctionAttribute = library.function("cuFuncSetAttribute", JAVA_LONG, JAVA_INT, JAVA_INT);

        copyToDevice = library.function("cuMemcpyHtoDAsync_v2", longs(4));
        copyToHost = library.function("cuMemcpyDtoHAsync_v2", longs(4));
        copyOnDevice = library.function("cuMemcpyDtoDAsync_v2", longs(4));
        copyToPeer = library.function("cuMemcpyPeerAsync", longs(6));
        fill = library.function("cuMemsetD8Async", JAVA_LONG, JAVA_BYTE, JAVA_LONG, JAVA_LONG);

        synchronizeStream = library.function("cuStreamSynchronize", longs(1));
        queryStream = library.function("cuStreamQuery", longs(1));
        awaitEvent = library.function("cuStreamWaitEvent", JAVA_LONG, JAVA_LONG, JAVA_INT);
        recordEvent = library.function("cuEventRecord", longs(2));
        synchronizeEvent = library.function("cuEventSynchronize", longs(1));
        queryEvent = library.function("cuEventQuery", longs(1));
        elapsed = library.function("cuEventElapsedTime", longs(3));
        launchGraph = library.function("cuGraphLaunch", longs(2));
        updateGraph = library.function("cuGraphExecUpdate_v2", longs(3));

        allocate = library.function("cuMemAlloc_v2", longs(2));
        free = library.function("cuMemFree_v2", longs(1));
        allocateAsync = library.function("cuMemAllocAsync", longs(3));
        freeAsync = library.function("cuMemFreeAsync", longs(2));
        memoryInfo = library.function("cuMemGetInfo_v2", longs(2));
        defaultPool = library.function("cuDeviceGetDefaultMemPool", JAVA_LONG, JAVA_INT);
        setPoolAttribute = library.function("cuMemPoolSetAttribute", JAVA_LONG, JAVA_INT, JAVA_LONG);
        allocateHost = library.function("cuMemHostAlloc", JAVA_LONG, JAVA_LONG, JAVA_INT);
        freeHost = library.function("cuMemFreeHost", longs(1));
        register = library.function("cuMemHostRegister_v2", JAVA_LONG, JAVA_LONG, JAVA_INT);
        unregister = library.function("cuMemHostUnregister", longs(1));
    }

    private static MemoryLayout[] longs(final int count) {
        final MemoryLayout[] all = new MemoryLayout[count];
        java.util.Arrays.fill(all, JAVA_LONG);
        return all;
    }
}
