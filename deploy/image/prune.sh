#!/bin/sh
# Takes out of an installed tree what no running process reads: types, source maps, documents, sources of native parts that come as
# binaries, binaries of other systems, tests and their parts. Licences stay. It is about half of the bytes.
set -eu
cd "$1"
# The demonstration's words: 294 MB. Without them `proximadb demo` is the one command that does not work here.
rm -rf node_modules/.pnpm/wink-*
cd node_modules/.pnpm
# Node runs no TypeScript that lies in node_modules.
find . -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.tsbuildinfo' \) -delete
find . -type f -iname '*.md' ! -iname 'licen[cs]e*' ! -iname 'notice*' -delete
find . -type d \( -name numkong -o -name win32-x64 -o -name darwin-arm64+x64 \) -path '*/usearch/*' -prune -exec rm -rf {} +
system="linux-$(node -p process.arch)"
find . -mindepth 5 -maxdepth 5 -type d -path '*/usearch/prebuilds/*' ! -name "$system" -prune -exec rm -rf {} +
# This base has glibc; of lmdb's binaries only the one of the stable interface is asked for.
find . -type f -path '*/@lmdb/*' -name '*.musl.node' -delete
cd ../..
find schemas packages services cli clients -path '*/node_modules' -prune -o -type d \( -name testing -o -name generator -o -name packaged -o -path clients/typescript/scripts \) -prune -exec rm -rf {} +
rm -rf pnpm-lock.yaml patches
