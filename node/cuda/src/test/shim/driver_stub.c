// A driver's library for the probe's tests: one variant per way to be.
#include <string.h>
#ifdef __cplusplus
#define API extern "C"
#endif

API int cuInit(unsigned flags) {
    (void) flags;
#ifdef DRIVER_refusing
    return 999;
#elif defined(DRIVER_empty)
    return 100;
#else
    return 0;
#endif
}

API int cuDriverGetVersion(int* version) {
#ifdef DRIVER_old
    *version = 12040;
#else
    *version = 13000;
#endif
    return 0;
}

#ifndef DRIVER_incomplete
API int cuDeviceGetCount(int* count) {
    *count = 2;
    return 0;
}
#endif

API int cuDeviceGet(int* device, int ordinal) {
    *device = 10 + ordinal;
    return 0;
}

API int cuDeviceGetName(char* name, int bytes, int device) {
    strncpy(name, device == 10 ? "Stub One" : "Stub Two", (unsigned) bytes);
    return 0;
}

API int cuDeviceTotalMem_v2(unsigned long* bytes, int device) {
    *bytes = (device == 10 ? 80UL : 8UL) << 30;
    return 0;
}

API int cuDeviceGetAttribute(int* value, int attribute, int device) {
#ifdef DRIVER_small
    const int major = 7;
#else
    const int major = device == 10 ? 9 : 7;
#endif
    *value = attribute == 75 ? major : attribute == 76 ? 0 : -1;
    return device < 10;
}
