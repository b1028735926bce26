#!/bin/sh
# Compiles the kernels for the CPU, for the tests. usage: build.sh FOLDER. Without a C++ compiler the tests that need it are skipped.
set -u
cd "$(dirname "$0")" || exit 1
folder=$1
library=$folder/libspillway-shim.so
log=$folder/build.log

say() { printf 'kernels for the CPU: %s\n' "$*"; }

compiler=""
for name in ${CXX:-} c++ g++ clang++; do
    command -v "$name" >/dev/null 2>&1 && { compiler=$name; break; }
done
if [ -z "$compiler" ] || [ "$(uname -s)" != Linux ]; then
    say "not built, no C++ compiler (c++, g++ or clang++) on Linux"
    exit 0
fi
if [ -f "$library" ] && [ -z "$(find . ../../main/cuda -type f -newer "$library")" ]; then
    exit 0
fi
mkdir -p "$folder/libraries" || exit 1

flags="-std=c++17 -O2 -ffp-contract=off -fno-strict-aliasing -fno-math-errno -Wall -Wextra -fPIC -I ../../main/cuda -include shim.h"
[ "$(uname -m)" = x86_64 ] && grep -qw fma /proc/cpuinfo && flags="$flags -mfma"
failed=""
: >"$log"
jobs=""
objects=""
for source in ../../main/cuda/*.cu ./*.cu ./*.cpp; do
    name=$(basename "$source")
    objects="$objects $folder/${name%.*}.o"
    # shellcheck disable=SC2086 — flags are words
    "$compiler" $flags -x c++ -c "$source" -o "$folder/${name%.*}.o" 2>>"$log" &
    jobs="$jobs $!"
done
"$compiler" -std=c++17 -O1 -Wall -Wextra -fPIC -fvisibility=hidden -c driver/driver.cpp -o "$folder/driver.o" 2>>"$log" &
jobs="$jobs $!"
for variant in good old empty incomplete refusing small; do
    "$compiler" -x c++ -fPIC -shared -D"DRIVER_$variant" driver_stub.c -o "$folder/libcuda-$variant.so" 2>>"$log" &
    jobs="$jobs $!"
done
for job in $jobs; do
    wait "$job" || failed=yes
done
# The driver for tests stands on the kernels; a library that asks for libcuda.so.1 gets it where it is loaded first.
link() {
    # shellcheck disable=SC2086 — objects are words
    "$compiler" -shared -Wl,-soname,libspillway-shim.so -o "$library.new" $objects -lm -lpthread \
        && "$compiler" -shared -Wl,-soname,libcuda.so.1 -Wl,-rpath,'$ORIGIN' -o "$folder/libcuda.so.1" "$folder/driver.o" "$library.new" -ldl \
        && "$compiler" -std=c++17 -O1 -Wall -Wextra -fPIC -fvisibility=hidden -shared -Wl,-soname,libcublasLt.so.13 -o "$folder/libraries/libcublasLt.so.13" \
            driver/cublaslt_stub.cpp "$folder/libcuda.so.1" \
        && "$compiler" -std=c++17 -O1 -Wall -Wextra -fPIC -fvisibility=hidden -shared -Wl,-soname,libnccl.so.2 -o "$folder/libraries/libnccl.so.2" \
            driver/nccl_stub.cpp "$folder/libcuda.so.1" -lpthread
}
if [ -n "$failed" ] || ! link 2>>"$log"; then
    cat "$log"
    say "$compiler failed"
    exit 1
fi
cat "$log"
mv -f "$library.new" "$library"
say "built with $compiler"
