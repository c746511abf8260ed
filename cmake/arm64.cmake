# For packages of arm64 made on amd64: Debian's cross compiler, and arm64's libraries beside our own.
# `./dev package --arm64` makes a Debian that has both, and compiles in it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
set(ROOMTONE_DEB_ARCHITECTURE arm64)
