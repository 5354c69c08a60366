#!/usr/bin/env bash
# Lets the ordinary torch wheel import on a machine without the CUDA libraries.
#
#   torch-cuda-stubs.sh <site-packages>
#
# The wheel is linked against about 2.5 GB of CUDA libraries that a CPU run never
# calls. This writes a stand-in for each beside torch's own libraries: the same
# file name, the same symbol version, and every symbol that torch leaves
# undefined, as a function that answers 999 ("unknown error" in CUDA's numbering).
# So torch.cuda.is_available() stays false, and a call that slipped through fails.
# Only libcudart is the real one (2 MB), because torch reads it while loading.
# Needs gcc and nm.
set -euo pipefail

torch_lib="$1/torch/lib"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One line per stand-in: file name, then the pattern of the symbols it owns.
stand_ins='libcublas.so.13 ^cublas[^L]
libcublasLt.so.13 ^cublasLt
libcudnn.so.9 ^cudnn
libnvrtc.so.13 ^nvrtc
libcupti.so.13 ^cupti
libcufft.so.12 ^cufft
libcusparse.so.12 ^cusparse[^L]
libcusparseLt.so.0 ^cusparseLt
libcusolver.so.12 ^cusolver
libnccl.so.2 ^p?nccl
libnvshmem_host.so.3 ^nvshmem
libcufile.so.0 ^cuFile'

for library in "$torch_lib"/*.so; do
  nm -D --undefined-only "$library" 2>/dev/null | awk '{print $2}'
done | sort -u >"$work/undefined"

while read -r name pattern; do
  grep -E "$pattern" "$work/undefined" >"$work/wanted" || true
  {
    echo "int genfleet_stand_in_${name//[^a-zA-Z0-9]/_} = 1;"
    sed 's/@.*//' "$work/wanted" | sort -u | sed 's/.*/int &(void) { return 999; }/'
  } >"$work/stand-in.c"
  link_flags=(-shared -fPIC "-Wl,-soname,$name")
  # A versioned symbol only resolves against a library that defines the same version node.
  version_node=$(grep -o '@.*' "$work/wanted" | tr -d '@' | sort -u | head -n 1 || true)
  if [ -n "$version_node" ]; then
    echo "$version_node { global: *; };" >"$work/version.map"
    link_flags+=("-Wl,--version-script=$work/version.map")
  fi
  gcc -O1 -w -fno-builtin "${link_flags[@]}" -o "$torch_lib/$name.new" "$work/stand-in.c"
  mv "$torch_lib/$name.new" "$torch_lib/$name"
done <<<"$stand_ins"
