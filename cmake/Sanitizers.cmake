if(ROOMTONE_SANITIZE)
  add_compile_options(-fsanitize=${ROOMTONE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ROOMTONE_SANITIZE})
endif()
