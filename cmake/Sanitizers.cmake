if(ROOMTONE_SANITIZE)
  # -O1: half the time of -O0, and reports as good.
  add_compile_options(-O1 -fsanitize=${ROOMTONE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ROOMTONE_SANITIZE})
endif()
