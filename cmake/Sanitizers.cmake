if(ROOMTONE_SANITIZE)
  # -O1: half the time of -O0, and reports as good.
  add_compile_options(-O1 -fsanitize=${ROOMTONE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  if(CMAKE_C_COMPILER_ID STREQUAL GNU) # what it says of lengths is guesswork then
    add_compile_options(-Wno-format-truncation -Wno-stringop-truncation)
  endif()
  add_link_options(-fsanitize=${ROOMTONE_SANITIZE})
endif()
if(ROOMTONE_FUZZ) # what libFuzzer steers by
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
