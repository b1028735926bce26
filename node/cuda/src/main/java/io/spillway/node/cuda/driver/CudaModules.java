package io.spillway.node.cuda.driver;

import io.spillway.node.cuda.KernelFailedException;
import io.spillway.node.cuda.KernelImage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/** The kernels, on a GPU. One thread at a time. */
public final class CudaModules implements AutoCloseable {
    private static final int MAX_DYNAMIC_SHARED = 8;

    private final CudaContext context;
    private final List<CUmodule> modules = new ArrayList<>();
    private final Map<String, DeviceFunction> functions = new HashMap<>();

    /** @param images {@link KernelImage#loadAll()} mostly. @throws CudaException when the driver does not take one: nothing stays loaded */
    public CudaModules(final CudaContext context, final Collection<KernelImage> images) {
        this.context = context;
        context.opened();
        try {
            for (final KernelImage image : images) {
                final CUmodule module = new CUmodule();
                context.check("cuModuleLoadData of " + image.name(), JCudaDriver.cuModuleLoadData(module, image.fatbin()));
                modules.add(module);
            }
        } catch (final RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Loads kernels now instead of at their first launch, which then takes milliseconds and cannot be captured. */
    public void prepare(final Collection<String> kernels) {
        kernels.forEach(this::find);
    }

    /** @throws KernelFailedException when no image has it */
    DeviceFunction find(final String kernel) {
        final DeviceFunction known = functions.get(kernel);
        if (known != null) {
            return known;
        }
        final Handles.Function handle = new Handles.Function();
        for (final CUmodule module : modules) {
            final int code = JCudaDriver.cuModuleGetFunction(handle, module, kernel);
            if (code == 0) {
                return loaded(kernel, handle.handle());
            }
            if (code != CudaResult.NOT_FOUND.code()) {
                context.check("cuModuleGetFunction of " + kernel, code);
            }
        }
        throw new KernelFailedException(kernel, "there is none of this name");
    }

    private DeviceFunction loaded(final String kernel, final long handle) {
        context.check("cuFuncLoad of " + kernel, context.calls().loadFunction.call(handle));
        final DeviceFunction function = new DeviceFunction(kernel, handle, argumentBytes(handle));
        functions.put(kernel, function);
        return function;
    }

    private int[] argumentBytes(final long handle) {
        final List<Integer> sizes = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG, 2);
            while (true) {
                final int code = context.calls().parameterInfo.call(handle, sizes.size(), out.address(), out.address() + Long.BYTES);
                if (code == CudaResult.INVALID_VALUE.code()) {
                    return sizes.stream().mapToInt(i -> i).toArray();
                }
                context.check("cuFuncGetParamInfo", code);
                sizes.add((int) out.getAtIndex(ValueLayout.JAVA_LONG, 1));
            }
        }
    }

    /** Lets a kernel have that much dynamic shared memory. */
    void allowShared(final DeviceFunction function, final int bytes) {
        if (bytes > function.sharedMaxBytes()) {
            context.check("cuFuncSetAttribute: " + bytes + " bytes of shared memory",
                    context.calls().setFunctionAttribute.call(function.handle(), MAX_DYNAMIC_SHARED, bytes));
            function.sharedMaxBytes(bytes);
        }
    }

    CudaContext context() {
        return context;
    }

    @Override
    public void close() {
        context.closed();
        for (final CUmodule module : modules) {
            context.checkUnlessLost("cuModuleUnload", JCudaDriver.cuModuleUnload(module));
        }
        modules.clear();
        functions.clear();
    }
}
