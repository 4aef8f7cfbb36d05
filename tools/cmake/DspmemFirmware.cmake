# SPDX-License-Identifier: Apache-2.0
#
#   dspmem_add_firmware(NAME PLATFORM file.yaml [SOURCES file...] [INCLUDES dir...] [DEFINITIONS X=1...])
#
# Cross-compiles C and assembly for a platform and links it with the zones allocator and start-up code into
# ${PROJECT_BINARY_DIR}/firmware/NAME.elf. The linker script and platform_config.h are generated from the platform file.

find_program(DSPMEM_XTENSA_GCC xtensa-lx106-elf-gcc)
if(NOT DSPMEM_XTENSA_GCC)
  message(FATAL_ERROR "xtensa-lx106-elf-gcc is not installed: run tools/setup")
endif()

get_filename_component(DSPMEM_FIRMWARE_DIR ${CMAKE_CURRENT_LIST_DIR}/../../models/firmware ABSOLUTE)
# No libc, no jump tables of the host's making, and literals beside the code that uses them. Volatile accesses are ordered by
# the explicit barriers, so the compiler need not add one to each.
set(DSPMEM_FIRMWARE_FLAGS -std=c11 -Os -g -Wall -Wextra -Werror -mlongcalls -ffreestanding -fno-builtin-memset -fno-tree-loop-distribute-patterns
  -mtext-section-literals -mno-serialize-volatile -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)

function(dspmem_add_firmware name)
  cmake_parse_arguments(ARG "" "PLATFORM" "SOURCES;INCLUDES;DEFINITIONS" ${ARGN})
  set(output ${PROJECT_BINARY_DIR}/firmware)
  set(generated ${output}/${name})
  file(MAKE_DIRECTORY ${generated})

  # Written only when changed: a new simulator does not rebuild every image.
  foreach(kind header linker-script)
    set(file_header platform_config.h)
    set(file_linker-script link.ld)
    add_custom_command(OUTPUT ${generated}/${file_${kind}}
      COMMAND $<TARGET_FILE:dspmem> describe ${ARG_PLATFORM} --${kind} > ${generated}/${file_${kind}}.new
      COMMAND ${CMAKE_COMMAND} -E copy_if_different ${generated}/${file_${kind}}.new ${generated}/${file_${kind}}
      DEPENDS dspmem ${ARG_PLATFORM} VERBATIM)
  endforeach()

  file(GLOB headers CONFIGURE_DEPENDS ${DSPMEM_FIRMWARE_DIR}/include/*.h)
  file(GLOB own_sources CONFIGURE_DEPENDS ${DSPMEM_FIRMWARE_DIR}/src/*.c ${DSPMEM_FIRMWARE_DIR}/src/*.S ${DSPMEM_FIRMWARE_DIR}/libc/*.c)
  set(includes -I${generated} -I${DSPMEM_FIRMWARE_DIR}/include -I${DSPMEM_FIRMWARE_DIR}/libc/include)
  foreach(directory ${ARG_INCLUDES})
    list(APPEND includes -I${directory})
  endforeach()
  list(TRANSFORM ARG_DEFINITIONS PREPEND -D)

  set(objects)
  foreach(source ${own_sources} ${ARG_SOURCES})
    get_filename_component(base ${source} NAME)
    set(object ${generated}/${base}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${DSPMEM_XTENSA_GCC} ${DSPMEM_FIRMWARE_FLAGS} ${ARG_DEFINITIONS} ${includes} -c ${source} -o ${object}
      DEPENDS ${source} ${headers} ${generated}/platform_config.h VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  add_custom_command(OUTPUT ${output}/${name}.elf
    COMMAND ${DSPMEM_XTENSA_GCC} -nostdlib -Wl,-T,${generated}/link.ld ${objects} -lgcc -o ${output}/${name}.elf
    DEPENDS ${objects} ${generated}/link.ld VERBATIM)
  add_custom_target(firmware_${name} ALL DEPENDS ${output}/${name}.elf)
endfunction()
