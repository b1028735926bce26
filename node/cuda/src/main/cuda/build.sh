#!/bin/sh
# Compiles the kernels for GPUs. usage: build.sh IMAGE_FOLDER LOG_FOLDER    where there is an nvcc; else the prebuilt image is used
#                                       build.sh --prebuilt                 remakes the committed image and its manifest
set -u
cd "$(dirname "$0")" || exit 1
prebuilt=../resources/io/spillway/node/cuda/prebuilt

say() { printf 'GPU kernels: %s\n' "$*"; }

compiler=${NVCC:-nvcc}
command -v "$compiler" >/dev/null 2>&1 || compiler=/usr/local/cuda/bin/nvcc
remake=""
if [ "${1:-}" = --prebuilt ]; then
    remake=yes
    set -- "$prebuilt" "$(mktemp -d)"
fi
image=$1/kernels.fatbin
log=$2/build.log
if ! command -v "$compiler" >/dev/null 2>&1; then
    rm -f "$image.new"
    [ -n "$remake" ] && { say "no nvcc on the path"; exit 1; }
    rm -f "$image"
    say "no nvcc on the path, the prebuilt image is used"
    exit 0
fi
# Older ones do not know all targets.
release=$("$compiler" --version | sed -n 's/.*release \([0-9]*\)\..*/\1/p')
if [ "${release:-0}" -lt 13 ]; then
    [ -n "$remake" ] && { say "$compiler is older than CUDA 13"; exit 1; }
    rm -f "$image"
    say "$compiler is older than CUDA 13, the prebuilt image is used"
    exit 0
fi
if [ -z "$remake" ] && [ -f "$image" ] && [ -z "$(find . -type f -newer "$image")" ]; then
    exit 0
fi
mkdir -p "$1" "$2" || exit 1

# No contraction: element-wise kernels give the scalar specification's bits.
flags="-O3 -std=c++17 -fmad=false -t 2 --compress-mode=size"
targets="-gencode arch=compute_80,code=sm_80 -gencode arch=compute_89,code=sm_89 -gencode arch=compute_90a,code=sm_90a"
targets="$targets -gencode arch=compute_100,code=sm_100 -gencode arch=compute_80,code=compute_80"
# shellcheck disable=SC2086 — flags are words
if ! "$compiler" $flags -fatbin $targets kernels.cu -o "$image.new" >"$log" 2>&1; then
    cat "$log"
    rm -f "$image.new" "$image"
    say "not built, nvcc failed: a kernel that does not compile fails the build"
    exit 1
fi
mv -f "$image.new" "$image"
if [ -n "$remake" ]; then
    { sha256sum -- *.cu *.cuh; (cd "$1" && sha256sum kernels.fatbin); } >"$1/manifest.sha256"
fi
say "built for sm_80, sm_89, sm_90a, sm_100 and PTX"
