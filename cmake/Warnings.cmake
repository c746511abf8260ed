# Every target is built with these; a warning is an error in gcc and clang alike.
add_compile_options(
  -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Wpointer-arith -Wwrite-strings -Wundef -Wno-unused-parameter
  -fno-common -fno-math-errno -fno-trapping-math -fstack-protector-strong)
add_compile_definitions(_GNU_SOURCE)
# Includes are spelled from the top of the tree, so that each crossing shows.
include_directories(${CMAKE_SOURCE_DIR})
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  add_compile_definitions(_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
