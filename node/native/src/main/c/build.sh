#!/bin/sh
# Builds the kernel library where there is a C compiler. usage: build.sh CLASSES_FOLDER OBJECTS_FOLDER
# Without a compiler, or with one that fails, it says so in one line and the build goes on: the Vector API does the work.
set -u
cd "$(dirname "$0")" || exit 1
classes=$1
objects=$2

say() { printf 'native kernels: %s\n' "$*"; }

compiler=""
for name in ${CC:-} cc gcc clang; do
    if command -v "$name" >/dev/null 2>&1; then
        compiler=$name
        break
    fi
done
if [ -z "$compiler" ]; then
    say "not built, no C compiler (cc, gcc or clang) on the path"
    exit 0
fi

case "$(uname -s)" in
    Linux) system=linux library=libspillway-kernels.so ;;
    Darwin) system=macos library=libspillway-kernels.dylib ;;
    *) say "not built, no recipe for $(uname -s)"; exit 0 ;;
esac
case "$(uname -m)" in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) machine=$(uname -m) ;;
esac
target=$classes/io/spillway/node/nativekernels/$system-$machine
log=$objects/build.log
mkdir -p "$target" "$objects" || exit 1

if [ -f "$target/$library" ] && [ -z "$(find . -type f -newer "$target/$library")" ]; then
    exit 0
fi

# Every result is a fixed sequence of operations: nothing may be fused or reordered by the compiler.
flags="-std=c11 -O3 -Wall -Wextra -ffp-contract=off -fno-math-errno -fno-trapping-math -fvisibility=hidden -fPIC"
jobs=""

compile() { # source, then flags of its own
    source=$1
    shift
    # shellcheck disable=SC2086 — flags are words
    "$compiler" $flags "$@" -c "$source" -o "$objects/${source%.c}.o" 2>>"$log" &
    jobs="$jobs $!"
}

: >"$log"
if [ "$machine" = x86_64 ]; then
    compile dispatch.c -DSPILLWAY_X86
    compile kernels_avx2.c -mavx2 -mfma
    compile kernels_avx512.c -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mfma
    names="dispatch kernels_plain kernels_avx2 kernels_avx512"
else
    compile dispatch.c
    names="dispatch kernels_plain"
fi
compile kernels_plain.c
failed=""
for job in $jobs; do
    wait "$job" || failed=yes
done
files=""
for name in $names; do
    files="$files $objects/$name.o"
done
# Linked beside its place and moved there, so that a running process never maps half a file.
# shellcheck disable=SC2086 — a list of files
if [ -n "$failed" ] || ! "$compiler" -shared -o "$target/$library.new" $files -lm 2>>"$log"; then
    rm -f "$target/$library.new" "$target/$library"
    say "not built, $compiler failed; its messages are in $log"
    exit 0
fi
mv -f "$target/$library.new" "$target/$library"
say "built $system-$machine with $compiler"
