// A driver's library without a GPU, for tests: kernels run on the shim. Streams run as late as they may: a copy or kernel happens when
// somebody waits for it, so that what is read without waiting is old. Memory ends at a page that nobody may touch, or at a pattern that is
// checked when it is freed; freed memory stays untouchable. A kernel that goes wrong kills its context, as on a GPU.
#include "fake.h"
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>

extern "C" const char* shim_launch(void (*kernel)(void**), const int* extents, void** parameters);

namespace fake {
namespace {
constexpr size_t PAGE = 4096;
constexpr size_t ALIGNMENT = 256;
constexpr unsigned char PATTERN = 0xA5;
constexpr unsigned char GARBAGE = 0xFF; // NaNs
constexpr unsigned FATBIN_MAGIC = 0xBA55ED50;
constexpr int DEVICES = 2;
constexpr int STATIC_SHARED_MAX = 48 << 10;
constexpr int SHARED_MAX = 227 << 10;

struct Allocation {
    size_t bytes;
    int device; // -1: pinned host memory that is ours, -2: registered
    char* pages;
    size_t pagesBytes;
};

struct Module {
    int device;
};

struct Function {
    std::string name;
    void (*kernel)(void**);
    const int* sizes;
    int dynamicMax = STATIC_SHARED_MAX;
};

struct Executable {
    std::vector<Work> nodes;
};

struct Pool {
    uint64_t threshold = 0;
};

bool initialised;
Context contexts[DEVICES];
Pool pools[DEVICES];
std::map<uintptr_t, Allocation> allocations;
std::map<void*, std::shared_ptr<Stream>> streams;
std::map<void*, std::shared_ptr<Event>> events;
std::map<void*, std::unique_ptr<Module>> modules;
std::map<std::string, std::unique_ptr<Function>> functions;
std::set<void*> functionHandles;
std::map<void*, std::unique_ptr<Graph>> graphs;
std::map<void*, std::unique_ptr<Executable>> executables;
std::map<std::string, long> calls;
std::map<std::string, int> failures;
std::string lastFault;
size_t memoryBytes = size_t{1} << 30;
thread_local Context* current;
thread_local std::shared_ptr<Capture> capturing;

/** Counts the call. A planned failure, a dead context or none: what the call returns at once. */
int enter(const char* name, bool needsContext = true) {
    calls[name]++;
    const auto planned = failures.find(name);
    if (planned != failures.end()) {
        const int code = planned->second;
        failures.erase(planned);
        return code;
    }
    if (!initialised) {
        return NOT_INITIALIZED;
    }
    if (needsContext && (!current || current->retains == 0)) {
        return INVALID_CONTEXT;
    }
    return needsContext ? current->sticky : OK;
}

#define ENTER(...) \
    const std::lock_guard<std::recursive_mutex> locked(door()); \
    if (const int refused = enter(__VA_ARGS__)) { \
        return refused; \
    }

/** What may not be called while the thread captures: the capture is lost. */
#define NOT_CAPTURING() \
    if (capturing) { \
        capturing->broken = true; \
        return CAPTURE_UNSUPPORTED; \
    }

int killed(Context* context, int code, const std::string& why) {
    context->sticky = code;
    lastFault = why;
    return code;
}

const std::pair<const uintptr_t, Allocation>* find(const void* at, size_t bytes) {
    const auto address = reinterpret_cast<uintptr_t>(at);
    auto place = allocations.upper_bound(address);
    if (place == allocations.begin()) {
        return nullptr;
    }
    --place;
    return address + bytes <= place->first + place->second.bytes ? &*place : nullptr;
}

bool reaches(const Context* context, int device) {
    return device < 0 || device == context->device || context->peers.count(device);
}

bool isDevice(const void* at, size_t bytes, const Context* context) {
    const auto* place = find(at, bytes);
    return place && place->second.device >= 0 && reaches(context, place->second.device);
}

bool isPinned(const void* at, size_t bytes) {
    const auto* place = find(at, bytes);
    return place && place->second.device < 0;
}

void* allocate(size_t bytes, int device) {
    const size_t room = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const size_t body = (room + PAGE - 1) / PAGE * PAGE;
    char* const pages = static_cast<char*>(mmap(nullptr, body + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (pages == MAP_FAILED) {
        return nullptr;
    }
    mprotect(pages, PAGE, PROT_NONE);
    mprotect(pages + PAGE + body, PAGE, PROT_NONE);
    char* const at = pages + PAGE + body - room;
    if (device >= 0 && bytes <= size_t{64} << 20) {
        std::memset(at, GARBAGE, bytes);
    }
    std::memset(at + bytes, PATTERN, room - bytes);
    allocations[reinterpret_cast<uintptr_t>(at)] = {bytes, device, pages, body + 2 * PAGE};
    return at;
}

/** Freed memory stays where it is and cannot be touched. */
int release(void* at, bool ofDevice) {
    const auto place = allocations.find(reinterpret_cast<uintptr_t>(at));
    if (place == allocations.end() || (place->second.device >= 0) != ofDevice || place->second.device == -2) {
        return INVALID_VALUE;
    }
    const Allocation it = place->second;
    const size_t room = (it.bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    for (size_t i = it.bytes; i < room; i++) {
        if (static_cast<unsigned char*>(at)[i] != PATTERN) {
            return killed(it.device < 0 ? current : &contexts[it.device], ILLEGAL_ADDRESS, "written behind a buffer");
        }
    }
    if (it.device >= 0) {
        contexts[it.device].usedBytes -= it.bytes;
    }
    mmap(it.pages, it.pagesBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    allocations.erase(place);
    return OK;
}

int take(void** out, size_t bytes) {
    if (bytes == 0) {
        return INVALID_VALUE;
    }
    if (current->usedBytes + bytes > memoryBytes) {
        return OUT_OF_MEMORY;
    }
    *out = allocate(bytes, current->device);
    current->usedBytes += *out ? bytes : 0;
    return *out ? OK : OUT_OF_MEMORY;
}

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::shared_ptr<Stream> streamOf(void* handle) {
    const auto place = streams.find(handle);
    return place == streams.end() || place->second->context != current ? nullptr : place->second;
}

std::shared_ptr<Event> eventOf(void* handle) {
    const auto place = events.find(handle);
    return place == events.end() ? nullptr : place->second;
}

int put(const std::shared_ptr<Stream>& stream, const std::string& kind, std::function<int()> run) {
    if (!stream) {
        return INVALID_HANDLE;
    }
    if (stream->capture) {
        if (stream->capture->broken) {
            return CAPTURE_INVALIDATED;
        }
        stream->capture->graph->nodes.push_back({kind, std::move(run)});
        if (stream.get() != stream->capture->origin) {
            stream->capture->unjoined[stream.get()] = true;
        }
        return OK;
    }
    stream->queue.push_back({kind, std::move(run)});
    stream->put++;
    return OK;
}

int copy(const std::shared_ptr<Stream>& stream, void* target, const void* source, size_t bytes) {
    Context* const context = current;
    return put(stream, "copy", [=] {
        const auto* to = find(target, bytes);
        const auto* from = find(source, bytes);
        if (!to || !from) {
            return killed(context, ILLEGAL_ADDRESS, "a copy from or to memory that was freed before it ran");
        }
        std::memmove(target, source, bytes);
        return int{OK};
    });
}

Function* function(const char* name) {
    auto& slot = functions[name];
    if (!slot) {
        Dl_info self;
        dladdr(reinterpret_cast<void*>(&shim_launch), &self);
        void* const library = dlopen(self.dli_fname, RTLD_NOW);
        void* const kernel = dlsym(library, (std::string("shim_kernel_") + name).c_str());
        if (!kernel) {
            functions.erase(name);
            return nullptr;
        }
        const auto sizes = reinterpret_cast<const int* (*)()>(dlsym(library, (std::string("shim_sizes_") + name).c_str()));
        slot = std::make_unique<Function>();
        slot->name = name;
        slot->kernel = reinterpret_cast<void (*)(void**)>(kernel);
        slot->sizes = sizes();
        functionHandles.insert(slot.get());
    }
    return slot.get();
}
} // namespace

std::recursive_mutex& door() {
    static std::recursive_mutex mutex;
    return mutex;
}

int runTo(Stream& stream, uint64_t point) {
    while (stream.done < point && !stream.queue.empty()) {
        const Work work = std::move(stream.queue.front());
        stream.queue.pop_front();
        stream.done++;
        if (stream.context->sticky) {
            continue;
        }
        if (const int code = work.run()) {
            stream.context->sticky = code;
        }
    }
    return stream.context->sticky;
}

// --- what tests ask the fake ----------------------------------------------------------------------------------------------------

API int fake_step(void* handle) {
    const std::lock_guard<std::recursive_mutex> locked(door());
    const auto place = streams.find(handle);
    if (place == streams.end() || place->second->queue.empty()) {
        return -1;
    }
    const auto stream = place->second;
    return runTo(*stream, stream->done + 1);
}

API bool fake_isMemory(const void* at, size_t bytes) {
    return find(at, bytes) != nullptr;
}

API int fake_put(void* stream, const char* kind, std::function<int()>* work) {
    const std::lock_guard<std::recursive_mutex> locked(door());
    const auto place = streams.find(stream);
    return place == streams.end() ? int{INVALID_HANDLE} : put(place->second, kind, std::move(*work));
}

/** How often a function was called; "launch:NAME" for a kernel, "overlapped" for launches that may start early. */
API long fake_calls(const char* name) {
    const std::lock_guard<std::recursive_mutex> locked(door());
    return calls[name];
}

/** The next call of that function fails so. */
API void fake_fail(const char* name, int code) {
    const std::lock_guard<std::recursive_mutex> locked(door());
    failures[name] = code;
}

API const char* fake_fault() {
    return lastFault.c_str();
}

API void fake_memory(size_t bytes) {
    memoryBytes = bytes;
}

/** Buffers of all devices, and pinned pieces, that are not freed. */
API long fake_live() {
    const std::lock_guard<std::recursive_mutex> locked(door());
    return static_cast<long>(allocations.size());
}

/** Streams, events, modules, graphs that are not destroyed. */
API long fake_handles() {
    const std::lock_guard<std::recursive_mutex> locked(door());
    return static_cast<long>(streams.size() + events.size() + modules.size() + graphs.size() + executables.size());
}

/** Brings dead contexts back to life, so that a test process can go on. */
API void fake_revive() {
    const std::lock_guard<std::recursive_mutex> locked(door());
    for (Context& context : contexts) {
        context.sticky = 0;
    }
    capturing = nullptr;
}

/** Forgets what a dead context has left behind. */
API void fake_sweep() {
    const std::lock_guard<std::recursive_mutex> locked(door());
    allocations.clear();
    streams.clear();
    events.clear();
    modules.clear();
    graphs.clear();
    executables.clear();
    for (Context& context : contexts) {
        context.usedBytes = 0;
    }
}

// --- devices and contexts -------------------------------------------------------------------------------------------------------

API int cuInit(unsigned) {
    initialised = true;
    return OK;
}

API int cuDriverGetVersion(int* version) {
    *version = 13000;
    return OK;
}

API int cuDeviceGetCount(int* count) {
    *count = DEVICES;
    return initialised ? OK : NOT_INITIALIZED;
}

API int cuDeviceGet(int* device, int ordinal) {
    *device = ordinal;
    return ordinal >= 0 && ordinal < DEVICES ? OK : INVALID_DEVICE;
}

API int cuDeviceGetName(char* name, int bytes, int device) {
    std::snprintf(name, static_cast<size_t>(bytes), "Fake GPU %d", device);
    return OK;
}

API int cuDeviceTotalMem_v2(size_t* bytes, int) {
    *bytes = memoryBytes;
    return OK;
}

API int cuDeviceGetPCIBusId(char* id, int bytes, int device) {
    std::snprintf(id, static_cast<size_t>(bytes), "FFFF:%02X:00.0", device);
    return OK;
}

API int cuDeviceGetAttribute(int* value, int attribute, int device) {
    static const std::map<int, int> values = {{8, STATIC_SHARED_MAX}, {10, 32}, {13, 1980000}, {16, 4}, {36, 3201000}, {37, 6144}, {38, 60 << 20},
        {39, 2048}, {40, 3}, {75, 9}, {76, 0}, {81, 228 << 10}, {97, SHARED_MAX}, {99, 1}, {115, 1}};
    const auto place = values.find(attribute);
    if (place == values.end() || device < 0 || device >= DEVICES) {
        return INVALID_VALUE;
    }
    *value = place->second;
    return OK;
}

API int cuDevicePrimaryCtxRetain(void** out, int device) {
    ENTER("cuDevicePrimaryCtxRetain", false)
    contexts[device].device = device;
    contexts[device].retains++;
    *out = &contexts[device];
    return OK;
}

API int cuDevicePrimaryCtxRelease_v2(int device) {
    ENTER("cuDevicePrimaryCtxRelease", false)
    if (contexts[device].retains == 0) {
        return INVALID_CONTEXT;
    }
    if (--contexts[device].retains == 0) {
        contexts[device].peers.clear();
    }
    return OK;
}

API int cuCtxSetCurrent(void* context) {
    ENTER("cuCtxSetCurrent", false)
    if (context && context != &contexts[0] && context != &contexts[1]) {
        return INVALID_CONTEXT;
    }
    current = static_cast<Context*>(context);
    return OK;
}

API int cuCtxGetCurrent(void** context) {
    *context = current;
    return OK;
}

API int cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    ENTER("cuCtxGetStreamPriorityRange")
    *least = 0;
    *greatest = -5;
    return OK;
}

API int cuCtxSynchronize() {
    ENTER("cuCtxSynchronize")
    NOT_CAPTURING()
    for (const auto& entry : std::map<void*, std::shared_ptr<Stream>>(streams)) {
        if (entry.second->context == current) {
            runTo(*entry.second, entry.second->put);
        }
    }
    return current->sticky;
}

API int cuDeviceCanAccessPeer(int* can, int device, int peer) {
    *can = device != peer;
    return OK;
}

API int cuCtxEnablePeerAccess(void* peer, unsigned flags) {
    ENTER("cuCtxEnablePeerAccess")
    auto* const other = static_cast<Context*>(peer);
    if (flags || other == current) {
        return INVALID_VALUE;
    }
    return current->peers.insert(other->device).second ? OK : PEER_ACCESS_ALREADY_ENABLED;
}

// --- modules and launches -------------------------------------------------------------------------------------------------------

API int cuModuleLoadData(void** out, const void* image) {
    ENTER("cuModuleLoadData")
    unsigned magic;
    std::memcpy(&magic, image, sizeof magic);
    if (magic != FATBIN_MAGIC) {
        return INVALID_IMAGE;
    }
    auto module = std::make_unique<Module>(Module{current->device});
    *out = module.get();
    modules[*out] = std::move(module);
    return OK;
}

API int cuModuleUnload(void* module) {
    ENTER("cuModuleUnload")
    return modules.erase(module) ? OK : INVALID_HANDLE;
}

/** Any kernel is in any module. */
API int cuModuleGetFunction(void** out, void* module, const char* name) {
    ENTER("cuModuleGetFunction")
    if (!modules.count(module)) {
        return INVALID_HANDLE;
    }
    *out = function(name);
    return *out ? OK : NOT_FOUND;
}

API int cuFuncLoad(void* function) {
    ENTER("cuFuncLoad")
    return functionHandles.count(function) ? OK : INVALID_HANDLE;
}

API int cuFuncGetParamInfo(void* function, size_t index, size_t* offset, size_t* bytes) {
    ENTER("cuFuncGetParamInfo")
    const int* const sizes = static_cast<Function*>(function)->sizes;
    size_t count = 0;
    while (sizes[count]) {
        count++;
    }
    if (index >= count) {
        return INVALID_VALUE;
    }
    if (offset) {
        *offset = 8 * index;
    }
    *bytes = static_cast<size_t>(sizes[index]);
    return OK;
}

API int cuFuncSetAttribute(void* function, int attribute, int value) {
    ENTER("cuFuncSetAttribute")
    if (!functionHandles.count(function) || attribute != 8 || value > SHARED_MAX) {
        return INVALID_VALUE;
    }
    static_cast<Function*>(function)->dynamicMax = value;
    return OK;
}

struct LaunchConfig {
    unsigned grid[3];
    unsigned block[3];
    unsigned sharedBytes;
    void* stream;
    struct Attribute {
        int id;
        int pad;
        int value[16];
    }* attributes;
    unsigned attributeCount;
};

API int cuLaunchKernelEx(const LaunchConfig* config, void* handle, void** parameters, void** extra) {
    ENTER("cuLaunchKernelEx")
    const auto stream = streamOf(config->stream);
    if (!stream || !functionHandles.count(handle)) {
        return INVALID_HANDLE;
    }
    const auto* const f = static_cast<Function*>(handle);
    bool valid = !extra && config->attributeCount <= 1 && config->sharedBytes <= static_cast<unsigned>(f->dynamicMax);
    for (unsigned a = 0; valid && a < config->attributeCount; a++) {
        valid = config->attributes[a].id == 6 && config->attributes[a].value[0] == 1;
        calls["overlapped"]++;
    }
    if (!valid) {
        return INVALID_VALUE;
    }
    calls["launch:" + f->name]++;
    std::vector<std::vector<char>> values;
    for (int i = 0; f->sizes[i]; i++) {
        const char* const at = static_cast<const char*>(parameters[i]);
        values.emplace_back(at, at + f->sizes[i]);
    }
    std::vector<int> extents = {int(config->grid[0]), int(config->grid[1]), int(config->grid[2]), int(config->block[0]), int(config->block[1]),
        int(config->block[2]), int(config->sharedBytes), 0};
    Context* const context = current;
    return put(stream, "kernel", [context, f, values, extents]() mutable {
        std::vector<void*> addresses;
        for (auto& value : values) {
            addresses.push_back(value.data());
        }
        const char* const problem = shim_launch(f->kernel, extents.data(), addresses.data());
        return problem ? killed(context, std::strstr(problem, "access") ? ILLEGAL_ADDRESS : LAUNCH_FAILED, f->name + ": " + problem) : int{OK};
    });
}

// --- memory ---------------------------------------------------------------------------------------------------------------------

API int cuMemGetInfo_v2(size_t* free, size_t* total) {
    ENTER("cuMemGetInfo")
    *free = memoryBytes - current->usedBytes;
    *total = memoryBytes;
    return OK;
}

API int cuMemAlloc_v2(void** out, size_t bytes) {
    ENTER("cuMemAlloc")
    NOT_CAPTURING()
    return take(out, bytes);
}

API int cuMemFree_v2(void* at) {
    ENTER("cuMemFree")
    NOT_CAPTURING()
    cuCtxSynchronize();
    return release(at, true);
}

API int cuMemAllocAsync(void** out, size_t bytes, void* handle) {
    ENTER("cuMemAllocAsync")
    NOT_CAPTURING()
    return streamOf(handle) ? take(out, bytes) : INVALID_HANDLE;
}

API int cuMemFreeAsync(void* at, void* handle) {
    ENTER("cuMemFreeAsync")
    NOT_CAPTURING()
    return isDevice(at, 1, current) ? put(streamOf(handle), "free", [at] { return release(at, true); }) : INVALID_VALUE;
}

API int cuDeviceGetDefaultMemPool(void** pool, int device) {
    *pool = &pools[device];
    return OK;
}

API int cuMemPoolSetAttribute(void* pool, int attribute, void* value) {
    ENTER("cuMemPoolSetAttribute", false)
    static_cast<Pool*>(pool)->threshold = *static_cast<uint64_t*>(value);
    return attribute == 4 ? OK : INVALID_VALUE;
}

API int cuMemPoolTrimTo(void*, size_t) {
    ENTER("cuMemPoolTrimTo", false)
    return OK;
}

API int cuMemHostAlloc(void** out, size_t bytes, unsigned) {
    ENTER("cuMemHostAlloc")
    *out = allocate(bytes, -1);
    return *out ? OK : OUT_OF_MEMORY;
}

API int cuMemFreeHost(void* at) {
    ENTER("cuMemFreeHost")
    cuCtxSynchronize();
    return release(at, false);
}

API int cuMemHostRegister_v2(void* at, size_t bytes, unsigned) {
    ENTER("cuMemHostRegister")
    if (bytes == 0) {
        return INVALID_VALUE;
    }
    if (find(at, 1) || find(static_cast<char*>(at) + bytes - 1, 1)) {
        return HOST_MEMORY_ALREADY_REGISTERED;
    }
    allocations[reinterpret_cast<uintptr_t>(at)] = {bytes, -2, nullptr, 0};
    return OK;
}

API int cuMemHostUnregister(void* at) {
    ENTER("cuMemHostUnregister")
    const auto place = allocations.find(reinterpret_cast<uintptr_t>(at));
    if (place == allocations.end() || place->second.device != -2) {
        return HOST_MEMORY_NOT_REGISTERED;
    }
    allocations.erase(place);
    return OK;
}

API int cuMemcpyHtoD_v2(void* target, const void* source, size_t bytes) {
    ENTER("cuMemcpyHtoD")
    NOT_CAPTURING()
    if (!isDevice(target, bytes, current)) {
        return INVALID_VALUE;
    }
    std::memcpy(target, source, bytes);
    return OK;
}

API int cuMemcpyDtoH_v2(void* target, const void* source, size_t bytes) {
    ENTER("cuMemcpyDtoH")
    NOT_CAPTURING()
    if (!isDevice(source, bytes, current)) {
        return INVALID_VALUE;
    }
    std::memcpy(target, source, bytes);
    return OK;
}

/** From memory that is not pinned: read before the call returns, as drivers do. */
API int cuMemcpyHtoDAsync_v2(void* target, const void* source, size_t bytes, void* handle) {
    ENTER("cuMemcpyHtoDAsync")
    const auto stream = streamOf(handle);
    if (!stream) {
        return INVALID_HANDLE;
    }
    if (!isDevice(target, bytes, current)) {
        return INVALID_VALUE;
    }
    if (isPinned(source, bytes)) {
        return copy(stream, target, source, bytes);
    }
    const auto* const from = static_cast<const char*>(source);
    const std::vector<char> staged(from, from + bytes);
    return put(stream, "copy", [target, staged, context = current] {
        if (!find(target, staged.size())) {
            return killed(context, ILLEGAL_ADDRESS, "a copy to memory that was freed before it ran");
        }
        std::memcpy(target, staged.data(), staged.size());
        return int{OK};
    });
}

/** To memory that is not pinned: waits. */
API int cuMemcpyDtoHAsync_v2(void* target, const void* source, size_t bytes, void* handle) {
    ENTER("cuMemcpyDtoHAsync")
    const auto stream = streamOf(handle);
    if (!stream) {
        return INVALID_HANDLE;
    }
    if (!isDevice(source, bytes, current)) {
        return INVALID_VALUE;
    }
    if (isPinned(target, bytes)) {
        return copy(stream, target, source, bytes);
    }
    if (stream->capture) {
        stream->capture->broken = true;
        return CAPTURE_UNSUPPORTED;
    }
    if (const int code = runTo(*stream, stream->put)) {
        return code;
    }
    std::memcpy(target, source, bytes);
    return OK;
}

API int cuMemcpyDtoDAsync_v2(void* target, const void* source, size_t bytes, void* handle) {
    ENTER("cuMemcpyDtoDAsync")
    return isDevice(target, bytes, current) && isDevice(source, bytes, current) ? copy(streamOf(handle), target, source, bytes) : INVALID_VALUE;
}

API int cuMemcpyPeerAsync(void* target, void* to, const void* source, void* from, size_t bytes, void* handle) {
    ENTER("cuMemcpyPeerAsync")
    return isDevice(target, bytes, static_cast<Context*>(to)) && isDevice(source, bytes, static_cast<Context*>(from))
        ? copy(streamOf(handle), target, source, bytes) : INVALID_VALUE;
}

API int cuMemsetD8Async(void* target, unsigned char value, size_t bytes, void* handle) {
    ENTER("cuMemsetD8Async")
    return isDevice(target, bytes, current) ? put(streamOf(handle), "fill", [=] { return std::memset(target, value, bytes), int{OK}; }) : INVALID_VALUE;
}

// --- streams, events, graphs ----------------------------------------------------------------------------------------------------

API int cuStreamCreateWithPriority(void** out, unsigned flags, int) {
    ENTER("cuStreamCreate")
    if (flags != 1) {
        return INVALID_VALUE; // streams of ours do not wait for the legacy stream
    }
    auto stream = std::make_shared<Stream>();
    stream->context = current;
    *out = stream.get();
    streams[*out] = std::move(stream);
    return OK;
}

API int cuStreamDestroy_v2(void* handle) {
    ENTER("cuStreamDestroy")
    const auto stream = streamOf(handle);
    if (!stream) {
        return INVALID_HANDLE;
    }
    runTo(*stream, stream->put);
    streams.erase(handle);
    return OK;
}

API int cuStreamSynchronize(void* handle) {
    ENTER("cuStreamSynchronize")
    const auto stream = streamOf(handle);
    if (!stream) {
        return INVALID_HANDLE;
    }
    if (stream->capture) {
        stream->capture->broken = true;
        return CAPTURE_UNSUPPORTED;
    }
    return runTo(*stream, stream->put);
}

API int cuStreamQuery(void* handle) {
    ENTER("cuStreamQuery")
    const auto stream = streamOf(handle);
    if (!stream) {
        return INVALID_HANDLE;
    }
    const bool idle = stream->queue.empty();
    const int code = runTo(*stream, stream->done + 1);
    return code ? code : idle ? OK : NOT_READY;
}

API int cuEventCreate(void** out, unsigned flags) {
    ENTER("cuEventCreate")
    auto event = std::make_shared<Event>();
    event->context = current;
    event->timed = !(flags & 2);
    *out = event.get();
    events[*out] = std::move(event);
    return OK;
}

API int cuEventDestroy_v2(void* event) {
    ENTER("cuEventDestroy")
    return events.erase(event) ? OK : INVALID_HANDLE;
}

API int cuEventRecord(void* handle, void* streamHandle) {
    ENTER("cuEventRecord")
    const auto event = eventOf(handle);
    const auto stream = streamOf(streamHandle);
    if (!event || !stream || event->context != current) {
        return INVALID_HANDLE;
    }
    event->recorded = true;
    event->capture = stream->capture;
    event->capturedIn = stream.get();
    event->stream = stream;
    if (stream->capture) {
        return OK;
    }
    event->seconds = std::make_shared<double>(0.0);
    const int code = put(stream, "event", [time = event->seconds] { return *time = seconds(), int{OK}; });
    event->at = stream->put;
    return code;
}

API int cuEventQuery(void* handle) {
    ENTER("cuEventQuery")
    const auto event = eventOf(handle);
    if (!event || event->capture) {
        return event ? int{CAPTURE_UNSUPPORTED} : int{INVALID_HANDLE};
    }
    if (!event->recorded || event->stream->done >= event->at) {
        return OK;
    }
    const int code = runTo(*event->stream, event->stream->done + 1);
    return code ? code : NOT_READY;
}

API int cuEventSynchronize(void* handle) {
    ENTER("cuEventSynchronize")
    const auto event = eventOf(handle);
    if (!event || event->capture) {
        return event ? int{CAPTURE_UNSUPPORTED} : int{INVALID_HANDLE};
    }
    return event->recorded ? runTo(*event->stream, event->at) : OK;
}

API int cuEventElapsedTime(float* milliseconds, void* from, void* to) {
    ENTER("cuEventElapsedTime")
    const auto a = eventOf(from);
    const auto b = eventOf(to);
    if (!a || !b || !a->timed || !b->timed || !a->recorded || !b->recorded) {
        return INVALID_HANDLE;
    }
    if (a->stream->done < a->at || b->stream->done < b->at) {
        return NOT_READY;
    }
    *milliseconds = static_cast<float>((*b->seconds - *a->seconds) * 1000);
    return OK;
}

API int cuStreamWaitEvent(void* handle, void* eventHandle, unsigned) {
    ENTER("cuStreamWaitEvent")
    const auto stream = streamOf(handle);
    const auto event = eventOf(eventHandle);
    if (!stream || !event) {
        return INVALID_HANDLE;
    }
    if (event->capture) {
        if (stream->capture && stream->capture != event->capture) {
            return CAPTURE_UNSUPPORTED;
        }
        if (!stream->capture) {
            stream->capture = event->capture; // forks
            stream->capture->unjoined[stream.get()] = true;
        } else if (event->capturedIn != stream.get()) {
            stream->capture->unjoined[event->capturedIn] = false;
        }
        return OK;
    }
    if (!event->recorded) {
        return OK;
    }
    return put(stream, "wait", [other = event->stream, at = event->at] { return runTo(*other, at); });
}

API int cuStreamBeginCapture_v2(void* handle, int) {
    ENTER("cuStreamBeginCapture")
    const auto stream = streamOf(handle);
    if (!stream || stream->capture) {
        return stream ? int{CAPTURE_UNSUPPORTED} : int{INVALID_HANDLE};
    }
    stream->capture = std::make_shared<Capture>();
    stream->capture->origin = stream.get();
    capturing = stream->capture;
    return OK;
}

API int cuStreamEndCapture(void* handle, void** out) {
    ENTER("cuStreamEndCapture")
    const auto stream = streamOf(handle);
    *out = nullptr;
    if (!stream || !stream->capture || stream->capture->origin != stream.get()) {
        return INVALID_HANDLE;
    }
    const auto capture = stream->capture;
    capturing = nullptr;
    bool unjoined = false;
    for (const auto& entry : streams) {
        if (entry.second->capture == capture) {
            const auto state = capture->unjoined.find(entry.first);
            unjoined |= state != capture->unjoined.end() && state->second;
            entry.second->capture = nullptr;
        }
    }
    if (capture->broken || unjoined) {
        return capture->broken ? CAPTURE_INVALIDATED : CAPTURE_UNJOINED;
    }
    *out = capture->graph.get();
    graphs[*out] = std::move(capture->graph);
    return OK;
}

API int cuGraphGetNodes(void* graph, void** nodes, size_t* count) {
    ENTER("cuGraphGetNodes")
    if (!graphs.count(graph) || nodes) {
        return INVALID_VALUE;
    }
    *count = graphs[graph]->nodes.size();
    return OK;
}

API int cuGraphDestroy(void* graph) {
    ENTER("cuGraphDestroy")
    return graphs.erase(graph) ? OK : INVALID_VALUE;
}

API int cuGraphInstantiateWithFlags(void** out, void* graph, unsigned long long) {
    ENTER("cuGraphInstantiate")
    if (!graphs.count(graph)) {
        return INVALID_VALUE;
    }
    auto executable = std::make_unique<Executable>(Executable{graphs[graph]->nodes});
    *out = executable.get();
    executables[*out] = std::move(executable);
    return OK;
}

struct UpdateResult {
    int result;
    void* node;
    void* from;
};

API int cuGraphExecUpdate_v2(void* executable, void* graph, UpdateResult* result) {
    ENTER("cuGraphExecUpdate")
    if (!executables.count(executable) || !graphs.count(graph)) {
        return INVALID_VALUE;
    }
    const auto& fresh = graphs[graph]->nodes;
    auto& nodes = executables[executable]->nodes;
    bool same = fresh.size() == nodes.size();
    for (size_t i = 0; same && i < fresh.size(); i++) {
        same = fresh[i].kind == nodes[i].kind;
    }
    *result = {same ? 0 : 2, nullptr, nullptr};
    if (!same) {
        return GRAPH_EXEC_UPDATE_FAILURE;
    }
    nodes = fresh;
    return OK;
}

API int cuGraphUpload(void* executable, void*) {
    ENTER("cuGraphUpload")
    return executables.count(executable) ? OK : INVALID_VALUE;
}

API int cuGraphLaunch(void* executable, void* handle) {
    ENTER("cuGraphLaunch")
    const auto stream = streamOf(handle);
    if (!stream || !executables.count(executable)) {
        return INVALID_HANDLE;
    }
    for (const Work& work : executables[executable]->nodes) {
        if (const int code = put(stream, work.kind, work.run)) {
            return code;
        }
    }
    return OK;
}

API int cuGraphExecDestroy(void* executable) {
    ENTER("cuGraphExecDestroy")
    return executables.erase(executable) ? OK : INVALID_VALUE;
}
} // namespace fake
