package io.spillway.node.cuda.driver;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Results of the driver that mean something to us, and what to do about each. Values; any thread. */
enum CudaResult {
    INVALID_VALUE(1, "a bug of ours: an address, a size or an extent the device does not take", false),
    OUT_OF_MEMORY(2, "give the KV cache or the batch less memory, or free the GPU of other processes", false),
    NOT_INITIALIZED(3, "a bug of ours: the driver was called before it was started", false),
    DEINITIALIZED(4, "the process is ending", false),
    DEVICE_UNAVAILABLE(46, "another process holds the GPU for itself; see its compute mode in nvidia-smi", false),
    NO_DEVICE(100, "no GPU is visible; look at CUDA_VISIBLE_DEVICES and nvidia-smi", false),
    INVALID_DEVICE(101, "there is no GPU of that number", false),
    INVALID_IMAGE(200, "the compiled kernels are damaged: build again", false),
    INVALID_CONTEXT(201, "a bug of ours: the calling thread has not bound the GPU's context", false),
    NO_BINARY_FOR_GPU(209, "the kernels were not compiled for this GPU", false),
    ECC_UNCORRECTABLE(214, "the GPU's memory is damaged: drain the node and look at nvidia-smi -q", true),
    PEER_ACCESS_UNSUPPORTED(217, "these GPUs cannot read each other's memory", false),
    NVLINK_UNCORRECTABLE(220, "an NVLink failed: drain the node", true),
    UNSUPPORTED_PTX_VERSION(222, "the driver is older than the kernels: update it", false),
    CONTAINED(226, "the GPU's memory failed in one place: restart the node", true),
    INVALID_HANDLE(400, "a bug of ours: a stream, event or function of another context, or a destroyed one", false),
    NOT_FOUND(500, "the compiled kernels do not hold this one: build again", false),
    NOT_READY(600, "not finished yet", false),
    ILLEGAL_ADDRESS(700, "a kernel touched memory that is not its own, a bug of ours: restart the node", true),
    LAUNCH_OUT_OF_RESOURCES(701, "a kernel wants more registers or threads than the GPU has", false),
    LAUNCH_TIMEOUT(702, "a kernel ran too long on a GPU that drives a display: restart the node", true),
    PEER_ACCESS_ALREADY_ENABLED(704, "these GPUs see each other already", false),
    ASSERT(710, "a kernel stopped itself, a bug of ours: restart the node", true),
    HOST_MEMORY_ALREADY_REGISTERED(712, "a bug of ours: host memory pinned twice", false),
    HOST_MEMORY_NOT_REGISTERED(713, "a bug of ours: host memory that was not pinned", false),
    HARDWARE_STACK_ERROR(714, "a kernel overran its stack: restart the node", true),
    ILLEGAL_INSTRUCTION(715, "a kernel holds an instruction the GPU does not know: restart the node", true),
    MISALIGNED_ADDRESS(716, "a kernel read or wrote across an alignment, a bug of ours: restart the node", true),
    INVALID_ADDRESS_SPACE(717, "a kernel mixed up kinds of memory, a bug of ours: restart the node", true),
    INVALID_PC(718, "a kernel left its code, a bug of ours: restart the node", true),
    LAUNCH_FAILED(719, "a kernel failed: restart the node", true),
    NOT_PERMITTED(800, "the system does not allow it", false),
    NOT_SUPPORTED(801, "the GPU or its driver cannot do it", false),
    SYSTEM_NOT_READY(802, "the GPUs' fabric is not up: start nvidia-fabricmanager", false),
    SYSTEM_DRIVER_MISMATCH(803, "the driver's parts have different versions: restart the machine", false),
    STREAM_CAPTURE_UNSUPPORTED(900, "a bug of ours: not possible while a graph is captured", false),
    STREAM_CAPTURE_INVALIDATED(901, "a bug of ours: something not possible was done while a graph was captured", false),
    STREAM_CAPTURE_UNJOINED(904, "a bug of ours: a captured stream was not joined again", false),
    GRAPH_EXEC_UPDATE_FAILURE(910, "a graph of another shape: instantiate it anew", false),
    UNKNOWN(999, "the driver does not know why: look at the kernel log for Xid lines and restart the node", true);

    private static final Map<Integer, CudaResult> BY_CODE = Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(r -> r.code, r -> r));

    private final int code;
    private final String advice;
    private final boolean isSticky;

    CudaResult(final int code, final String advice, final boolean isSticky) {
        this.code = code;
        this.advice = advice;
        this.isSticky = isSticky;
    }

    static Optional<CudaResult> of(final int code) {
        return Optional.ofNullable(BY_CODE.get(code));
    }

    int code() {
        return code;
    }

    /** @return the driver's name for it */
    String driverName() {
        return "CUDA_ERROR_" + name();
    }

    /** @return what to do, in words that follow a colon */
    String advice() {
        return advice;
    }

    /** @return whether every later call on the context fails likewise */
    boolean isSticky() {
        return isSticky;
    }
}
