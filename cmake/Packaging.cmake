# Three Debian packages, one per install component: `./dev package` builds them. The programs and the
# pages say where they go in their own CMakeLists; all other files, and what dpkg must know, stand here.
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# Who publishes packages names himself.
set(ROOMTONE_MAINTAINER "Roomtone <packages@roomtone.example>" CACHE STRING "Maintainer of the packages")

# --- what is installed -----------------------------------------------------------------------------

# rt_units(COMPONENT NAME): the units systemd/NAME*, its user and its folders. Sets <component>_units
# (started with the machine) and <component>_instances (a pattern: the running ones of a template).
function(rt_units component name)
  file(GLOB units RELATIVE ${CMAKE_SOURCE_DIR}/systemd CONFIGURE_DEPENDS
       ${CMAKE_SOURCE_DIR}/systemd/${name}*.service ${CMAKE_SOURCE_DIR}/systemd/${name}*.socket)
  list(TRANSFORM units PREPEND systemd/ OUTPUT_VARIABLE files)
  install(FILES ${files} DESTINATION /lib/systemd/system COMPONENT ${component})
  install(FILES systemd/roomtone.sysusers DESTINATION lib/sysusers.d
          RENAME roomtone-${component}.conf COMPONENT ${component})
  install(FILES systemd/${name}.tmpfiles DESTINATION lib/tmpfiles.d
          RENAME roomtone-${component}.conf COMPONENT ${component})
  set(templates ${units})
  list(FILTER templates INCLUDE REGEX "@\\.")
  list(FILTER units EXCLUDE REGEX "@\\.")
  list(TRANSFORM templates REPLACE "@\\." "@*.")
  list(JOIN units " " units)
  list(JOIN templates " " templates)
  set(${component}_units "${units}" PARENT_SCOPE)
  set(${component}_instances "${templates}" PARENT_SCOPE)
endfunction()
rt_units(server roomtoned)
rt_units(player roomtone-player)

install(FILES config/roomtoned.ini DESTINATION /etc/roomtone COMPONENT server)
install(FILES config/player.ini DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/roomtone-player/examples COMPONENT player)
install(FILES man/roomtoned.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT server)
install(FILES man/roomtonectl.1 man/roomtone-ingest.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT server)
install(FILES man/roomtoned.ini.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT server)
install(FILES man/roomtone-player.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT player)
install(FILES man/player.ini.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT player)
install(FILES man/roomtonectl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME roomtonectl COMPONENT server)

# The demo exhibit as one file, made by the programs that were just built; or, where this machine cannot run
# them, one that another build has made: it is the same for every machine.
set(ROOMTONE_DEMO_MADE "" CACHE FILEPATH "The demo exhibit's file, made already")
if(ROOMTONE_DEMO)
  set(demo ${ROOMTONE_DEMO_MADE})
  if(NOT demo)
    set(demo ${CMAKE_BINARY_DIR}/demo.tar)
    file(GLOB_RECURSE demo_sources CONFIGURE_DEPENDS content/demo/*)
    add_custom_command(
      OUTPUT ${demo}
      COMMAND ${CMAKE_SOURCE_DIR}/content/demo/pack ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} ${demo}
      DEPENDS ${demo_sources} roomtoned roomtonectl roomtone-ingest
      COMMENT "Making the demo exhibit"
      VERBATIM)
    add_custom_target(demo ALL DEPENDS ${demo})
  endif()
  cmake_path(GET ROOMTONE_DEMO PARENT_PATH demo_dir)
  install(FILES ${demo} DESTINATION ${demo_dir} COMPONENT server)
endif()

# As in the tree, so that what is beside each other there is so here.
set(doc_dir ${CMAKE_INSTALL_DATADIR}/doc/roomtone-doc)
install(FILES README.md DESTINATION ${doc_dir} COMPONENT doc)
install(DIRECTORY docs config DESTINATION ${doc_dir} COMPONENT doc PATTERN STATUS.md EXCLUDE)
foreach(part content player web)
  install(FILES ${part}/README.md DESTINATION ${doc_dir}/${part} COMPONENT doc)
endforeach()

# Where a kiosk's settings go; the server's package brings a file for it.
install(DIRECTORY DESTINATION /etc/roomtone COMPONENT player)

foreach(component server player doc)
  install(FILES cmake/deb/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/roomtone-${component} COMPONENT ${component})
endforeach()

# --- what dpkg must know ---------------------------------------------------------------------------

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL server player doc)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "${ROOMTONE_MAINTAINER}")
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/deb/finish.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SOURCE roomtone)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# What sysusers is in: systemd, or one of its stand-ins.
set(sysusers "systemd | systemd-standalone-sysusers | systemd-sysusers")

set(CPACK_DEBIAN_SERVER_PACKAGE_NAME roomtone-server)
set(CPACK_DEBIAN_SERVER_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_SERVER_PACKAGE_SHLIBDEPS ON)
# libwebsockets opens its libuv loop from a file when it runs, which no tool can see.
set(CPACK_DEBIAN_SERVER_PACKAGE_DEPENDS "libwebsockets-evlib-uv, tzdata, ${sysusers}")
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS "avahi-daemon")
set(CPACK_DEBIAN_SERVER_PACKAGE_SUGGESTS "roomtone-doc, chrony")
set(CPACK_DEBIAN_SERVER_DESCRIPTION
"keeps groups of visitors listening to the same thing together
The server of Roomtone, on the one small computer of an exhibition: visitors
listen on their own phones, by scanning a code, and on the exhibition's
loudspeakers, all at the same instant. Staff press play, pause or next on a
page of their own. It needs no internet and no accounts.

With it come the pages, roomtonectl for the command line, and
roomtone-ingest, which levels recordings.")

set(CPACK_DEBIAN_PLAYER_PACKAGE_NAME roomtone-player)
set(CPACK_DEBIAN_PLAYER_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_PLAYER_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PLAYER_PACKAGE_DEPENDS "${sysusers}")
set(CPACK_DEBIAN_PLAYER_PACKAGE_RECOMMENDS "avahi-daemon")
set(CPACK_DEBIAN_PLAYER_PACKAGE_SUGGESTS "alsa-utils, roomtone-doc")
set(CPACK_DEBIAN_PLAYER_DESCRIPTION
"plays a Roomtone group's sound on a loudspeaker, in step with all others
The player of Roomtone, for machines behind a loudspeaker. It fetches the
sound ahead, knows the server's clock, steers its own sound card, and plays
on when the server is away. One machine may run several, one for each card.")

set(CPACK_DEBIAN_DOC_PACKAGE_NAME roomtone-doc)
set(CPACK_DEBIAN_DOC_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DOC_DESCRIPTION
"guides and protocol of Roomtone
How Roomtone is installed and kept, how it works and why, and what its
messages look like, for those who run it, change it, or write a program that
talks to it.")

if(CMAKE_CROSSCOMPILING)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${ROOMTONE_DEB_ARCHITECTURE})
endif()

# rt_scripts(COMPONENT STATE): its maintainer scripts; STATE is what only a purge removes.
function(rt_scripts component state)
  set(units "${${component}_units}")
  set(instances "${${component}_instances}")
  set(out ${CMAKE_BINARY_DIR}/deb/${component})
  foreach(script postinst prerm postrm)
    configure_file(cmake/deb/${script}.in ${out}/${script} @ONLY
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    list(APPEND scripts ${out}/${script})
  endforeach()
  set(scripts ${scripts} PARENT_SCOPE)
endfunction()
rt_scripts(player "/var/cache/roomtone-player")
set(CPACK_DEBIAN_PLAYER_PACKAGE_CONTROL_EXTRA ${scripts})
rt_scripts(server "/var/lib/roomtone")
file(WRITE ${CMAKE_BINARY_DIR}/deb/server/conffiles "/etc/roomtone/roomtoned.ini\n")
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA ${scripts} ${CMAKE_BINARY_DIR}/deb/server/conffiles)

include(CPack)
