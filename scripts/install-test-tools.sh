#!/bin/sh
# Installs what the tests use beside npm packages, where it is missing: Chromium for the page, nginx for the replicas,
# the Vulkan loader through which onnxruntime-node finds Chromium's graphics card in software.
set -eu

missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
ls /usr/lib/*/libvulkan.so.1 /usr/lib/libvulkan.so.1 >/dev/null 2>&1 || missing="$missing libvulkan1"
[ -n "$missing" ] || exit 0

install="apt-get install --yes --no-install-recommends$missing"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update --quiet=2 && DEBIAN_FRONTEND=noninteractive $install --quiet=2 >/dev/null
else
  echo "not installed, tests that need it will be skipped:$missing (Debian: sudo $install)" >&2
fi
