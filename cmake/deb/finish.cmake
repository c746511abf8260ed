# Run by CPack between installing and packing: what Debian wants of every package (a changelog, man
# pages compressed), and one date for all files, so that the same source gives the same bytes.
# SOURCE_DATE_EPOCH is that date, in seconds; without it, now.
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  set(epoch $ENV{SOURCE_DATE_EPOCH})
else()
  string(TIMESTAMP epoch %s UTC)
endif()
set(ENV{SOURCE_DATE_EPOCH} ${epoch})
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)

foreach(component ${CPACK_COMPONENTS_ALL})
  set(root ${CPACK_TEMPORARY_DIRECTORY}/${component})
  file(WRITE ${root}/usr/share/doc/roomtone-${component}/changelog
"roomtone (${CPACK_PACKAGE_VERSION}) stable; urgency=medium

  * Roomtone ${CPACK_PACKAGE_VERSION}.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
  file(GLOB_RECURSE plain ${root}/usr/share/man/* ${root}/usr/share/doc/roomtone-${component}/changelog)
  execute_process(COMMAND gzip -9n ${plain} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND find ${root} -exec touch -h -d @${epoch} {} + COMMAND_ERROR_IS_FATAL ANY)
endforeach()
