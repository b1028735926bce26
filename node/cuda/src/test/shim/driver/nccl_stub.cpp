// NCCL for tests: ranks are contexts of one process. A rank's part of a collective waits, as on GPUs, until all ranks have come to theirs:
// their streams are run up to it. A rank whose stream ends before it would hang a GPU; here its context dies.
#include "fake.h"
#include <chrono>
#include <condition_variable>
#include <cstring>

namespace {
enum { SUCCESS = 0, SYSTEM_ERROR = 2, INVALID_ARGUMENT = 4, INVALID_USAGE = 5 };
enum { HALF = 6, FLOAT = 7, BFLOAT16 = 9 };
constexpr int WAIT_SECONDS = 20;

struct UniqueId {
    char bytes[128];
};

struct Part {
    bool arrived = false;
    const void* send = nullptr;
    void* receive = nullptr;
    size_t count = 0;
    int type = 0;
    bool isGather = false;
    void* stream = nullptr;
};

struct Group {
    int ranks;
    int joined = 0;
    long generation = 0;
    std::vector<Part> parts;
};

struct Communicator {
    std::shared_ptr<Group> group;
    int rank;
};

std::mutex joining;
std::condition_variable everybody;
std::map<std::string, std::shared_ptr<Group>> groups;
long ids;
long live;

size_t sizeOf(int type) {
    return type == FLOAT ? 4 : 2;
}

float wide(uint16_t bits) {
    const uint32_t value = static_cast<uint32_t>(bits) << 16;
    float result;
    std::memcpy(&result, &value, 4);
    return result;
}

/** bf16 and f32 are summed; f16 is only moved. */
bool combine(Group& group) {
    const Part& first = group.parts[0];
    for (const Part& part : group.parts) {
        if (part.count != first.count || part.type != first.type || part.isGather != first.isGather) {
            return false;
        }
    }
    const size_t bytes = first.count * sizeOf(first.type);
    std::vector<char> result(first.isGather ? bytes * group.parts.size() : bytes);
    for (size_t r = 0; first.isGather && r < group.parts.size(); r++) {
        std::memcpy(result.data() + r * bytes, group.parts[r].send, bytes);
    }
    for (size_t i = 0; !first.isGather && i < first.count; i++) {
        float sum = 0;
        for (const Part& part : group.parts) {
            sum += first.type == FLOAT ? static_cast<const float*>(part.send)[i] : wide(static_cast<const uint16_t*>(part.send)[i]);
        }
        uint32_t bits;
        std::memcpy(&bits, &sum, 4);
        if (first.type == FLOAT) {
            std::memcpy(result.data() + 4 * i, &sum, 4);
        } else {
            const uint16_t half = static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
            std::memcpy(result.data() + 2 * i, &half, 2);
        }
    }
    for (Part& part : group.parts) {
        std::memcpy(part.receive, result.data(), result.size());
        part.arrived = false;
    }
    group.generation++;
    return true;
}

int arrive(Group& group, int rank, const Part& part) {
    group.parts[rank] = part;
    group.parts[rank].arrived = true;
    const long mine = group.generation;
    for (int other = 0; other < group.ranks; other++) {
        while (group.generation == mine && !group.parts[other].arrived) {
            if (!group.parts[other].stream || fake::fake_step(group.parts[other].stream)) {
                return fake::LAUNCH_FAILED;
            }
        }
    }
    return group.generation != mine || combine(group) ? fake::OK : fake::LAUNCH_FAILED;
}

int put(Communicator* communicator, const Part& part, size_t received) {
    if (!fake::fake_isMemory(part.send, part.count * sizeOf(part.type)) || !fake::fake_isMemory(part.receive, received)
        || (part.type != HALF && part.type != FLOAT && part.type != BFLOAT16)) {
        return INVALID_ARGUMENT;
    }
    const auto group = communicator->group;
    const int rank = communicator->rank;
    group->parts[rank].stream = part.stream;
    std::function<int()> work = [=] { return arrive(*group, rank, part); };
    return fake::fake_put(part.stream, "nccl", &work) ? int{INVALID_USAGE} : int{SUCCESS};
}
} // namespace

API long stub_live() { return live; }

API int ncclGetUniqueId(UniqueId* id) {
    const std::lock_guard<std::mutex> locked(joining);
    std::memset(id, 0x5A, sizeof *id);
    const long number = ++ids;
    std::memcpy(id->bytes + 100, &number, sizeof number);
    return SUCCESS;
}

API int ncclCommInitRank(void** out, int ranks, UniqueId id, int rank) {
    std::unique_lock<std::mutex> locked(joining);
    auto& group = groups[std::string(id.bytes, sizeof id.bytes)];
    if (!group) {
        group = std::make_shared<Group>();
        group->ranks = ranks;
        group->parts.resize(static_cast<size_t>(ranks));
    }
    if (ranks != group->ranks || rank < 0 || rank >= ranks || id.bytes[0] != 0x5A) {
        return INVALID_ARGUMENT;
    }
    group->joined++;
    everybody.notify_all();
    const auto mine = group;
    if (!everybody.wait_for(locked, std::chrono::seconds(WAIT_SECONDS), [&] { return mine->joined >= ranks; })) {
        return SYSTEM_ERROR;
    }
    *out = new Communicator{mine, rank};
    live++;
    return SUCCESS;
}

API int ncclCommDestroy(void* communicator) {
    const std::lock_guard<std::mutex> locked(joining);
    delete static_cast<Communicator*>(communicator);
    live--;
    return SUCCESS;
}

API int ncclCommAbort(void* communicator) {
    return ncclCommDestroy(communicator);
}

API int ncclAllReduce(const void* send, void* receive, size_t count, int type, int operation, void* communicator, void* stream) {
    const Part part = {false, send, receive, count, type, false, stream};
    return operation == 0 ? put(static_cast<Communicator*>(communicator), part, count * sizeOf(type)) : int{INVALID_ARGUMENT};
}

API int ncclAllGather(const void* send, void* receive, size_t count, int type, void* communicator, void* stream) {
    const Part part = {false, send, receive, count, type, true, stream};
    auto* const it = static_cast<Communicator*>(communicator);
    return put(it, part, count * sizeOf(type) * static_cast<size_t>(it->group->ranks));
}
