#!/usr/bin/env bash
# Builds what is distributed: a static program with the profile `dist` and the feature `turbojpeg`, a wheel of it, and
# the files of the container image. Needs cmake, nasm and maturin; takes about ten minutes on two cores.
#
#   dist/docmill-*.whl   for every Linux of this architecture
#   dist/image/          docmill and the certificates; build context of deploy/Dockerfile with BINARY=prebuilt
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(rustc -vV | sed -n 's/^host: //p')
folder=${CARGO_TARGET_DIR:-target}
# With `--target`, flags do not apply to build scripts and procedural macros, which must stay dynamic.
export RUSTFLAGS="-C target-feature=+crt-static"
cargo build --locked --profile dist --features turbojpeg --target "$target" --bin docmill
program=$folder/$target/dist/docmill
if command -v ldd >/dev/null && ldd "$program" 2>/dev/null | grep -q '=>'; then
  echo "the program is not static" >&2
  exit 1
fi
mkdir -p dist/image/etc/ssl/certs
cp "$program" dist/image/docmill
cp /etc/ssl/certs/ca-certificates.crt dist/image/etc/ssl/certs/
${MATURIN:-maturin} build --locked --profile dist --features turbojpeg --target "$target" --out dist
ls -l dist dist/image
