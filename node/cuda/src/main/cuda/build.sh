#!/bin/sh
# Compiles the kernels for GPUs, one image for every .cu.
# usage: build.sh IMAGE_FOLDER LOG_FOLDER      where there is an nvcc; else the prebuilt images are used
#        build.sh --prebuilt [NAME...]         remakes the committed images, all or some, and their manifests
set -u
cd "$(dirname "$0")" || exit 1
prebuilt=../resources/io/spillway/node/cuda/prebuilt

say() { printf 'GPU kernels: %s\n' "$*"; }

# NAME.cu and all that it includes, one a line.
sources() {
    known="$1.cu"
    left=$known
    while [ -n "$left" ]; do
        found=""
        for file in $left; do
            for included in $(sed -n 's/^ *#include "\(.*\)"/\1/p' "$file"); do
                case " $known " in
                    *" $included "*) ;;
                    *) known="$known $included"; found="$found $included" ;;
                esac
            done
        done
        left=$found
    done
    printf '%s\n' $known | LC_ALL=C sort
}

# Whether IMAGE is newer than all its sources.
is_fresh() {
    [ -f "$2" ] || return 1
    for file in $(sources "$1") build.sh; do
        [ "$file" -nt "$2" ] && return 1
    done
    return 0
}

compiler=${NVCC:-nvcc}
command -v "$compiler" >/dev/null 2>&1 || compiler=/usr/local/cuda/bin/nvcc
remake=""
names=$(ls ./*.cu | sed 's#^\./##; s#\.cu$##')
if [ "${1:-}" = --prebuilt ]; then
    remake=yes
    shift
    [ $# -gt 0 ] && names=$*
    set -- "$prebuilt" "$(mktemp -d)"
fi
images=$1
logs=$2
missing=""
command -v "$compiler" >/dev/null 2>&1 || missing="no nvcc on the path"
# Older ones do not know all targets.
[ -z "$missing" ] && [ "$("$compiler" --version | sed -n 's/.*release \([0-9]*\)\..*/\1/p')" -lt 13 ] && missing="$compiler is older than CUDA 13"
if [ -n "$missing" ]; then
    [ -n "$remake" ] && { say "$missing"; exit 1; }
    for name in $names; do
        rm -f "$images/$name.fatbin"
    done
    say "$missing, the prebuilt images are used"
    exit 0
fi
mkdir -p "$images" "$logs" || exit 1

# No contraction: element-wise kernels give the scalar specification's bits.
flags="-O3 -std=c++17 -fmad=false -t 2 --compress-mode=size"
targets="-gencode arch=compute_80,code=sm_80 -gencode arch=compute_89,code=sm_89 -gencode arch=compute_90a,code=sm_90a"
targets="$targets -gencode arch=compute_100,code=sm_100 -gencode arch=compute_80,code=compute_80"
built=""
for name in $names; do
    image=$images/$name.fatbin
    [ -z "$remake" ] && is_fresh "$name" "$image" && continue
    # shellcheck disable=SC2086 — flags are words
    if ! "$compiler" $flags -fatbin $targets "$name.cu" -o "$image.new" >"$logs/$name.log" 2>&1; then
        cat "$logs/$name.log"
        rm -f "$image.new" "$image"
        say "$name.cu was not built, nvcc failed: a kernel that does not compile fails the build"
        exit 1
    fi
    mv -f "$image.new" "$image"
    built="$built $name"
    # shellcheck disable=SC2046 — names are words
    [ -n "$remake" ] && { sha256sum -- $(sources "$name"); (cd "$images" && sha256sum "$name.fatbin"); } >"$images/$name.sha256"
done
[ -n "$built" ] && say "built$built for sm_80, sm_89, sm_90a, sm_100 and PTX"
exit 0
