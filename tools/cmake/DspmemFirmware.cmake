# SPDX-License-Identifier: Apache-2.0
#
#   dspmem_add_firmware(NAME
#     PLATFORM      name or file.yaml          of the platform that the image is for
#     SOURCES       file.c file.S ...          your code, unchanged
#     [INCLUDES     directory ...]
#     [DEFINITIONS  X X=1 ...]
#     [OPTIONS      -O2 ...]                   for the compiler, behind ours (-std=gnu11 -Os -g -ffreestanding ...)
#     [FORCE_INCLUDE shim.h]                   is included before everything else in each of your sources
#     [LIBRARIES    file.a ...]
#     [NO_ZONES]                               leave our zones allocator out: yours takes its place
#     [ABI          windowed]                  call0 unless said: with register windows, as products are built. Without LIBC
#     [LIBC])                                  headers and library of picolibc (Debian: picolibc-xtensa-lx106-elf)
#
# Cross-compiles the sources for the DSP, links them with dspmem's start-up code and makes ${PROJECT_BINARY_DIR}/firmware/NAME.elf, by the
# target firmware_NAME. The linker script and platform_config.h come from the platform file. What glue can use is in dspmem.h.

find_program(DSPMEM_XTENSA_GCC xtensa-lx106-elf-gcc)
if(NOT DSPMEM_XTENSA_GCC)
  message(FATAL_ERROR "xtensa-lx106-elf-gcc is not installed: apt-get install gcc-xtensa-lx106")
endif()
get_filename_component(toolchain ${DSPMEM_XTENSA_GCC} DIRECTORY)
set(DSPMEM_XTENSA_AS ${toolchain}/xtensa-lx106-elf-as)
set(DSPMEM_XTENSA_STRIP ${toolchain}/xtensa-lx106-elf-strip)
find_path(DSPMEM_XTENSA_LIBC include/picolibc.h PATHS /usr/lib/xtensa-lx106-elf NO_DEFAULT_PATH)

# In the source tree; dspmem-config.cmake sets both for an installed dspmem.
if(NOT DSPMEM_FIRMWARE_DIR)
  get_filename_component(DSPMEM_FIRMWARE_DIR ${CMAKE_CURRENT_LIST_DIR}/../../models/firmware ABSOLUTE)
  get_filename_component(DSPMEM_CONFIG_DIR ${CMAKE_CURRENT_LIST_DIR}/../../configs ABSOLUTE)
  set(DSPMEM_PROGRAM dspmem)
endif()

# No libc, no jump tables of the host's making, and literals beside the code that uses them. Volatile accesses are ordered by
# the explicit barriers, so the compiler need not add one to each.
file(STRINGS ${DSPMEM_FIRMWARE_DIR}/compile_flags.txt DSPMEM_FIRMWARE_FLAGS)  # which sweeps read, too
list(APPEND DSPMEM_FIRMWARE_FLAGS -ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -ffile-prefix-map=${DSPMEM_FIRMWARE_DIR}/=models/firmware/)

# One object file for each source. `generated` holds platform_config.h.
function(dspmem_compile_firmware directory generated abi flags sources objects_variable)
  set(objects)
  set(index 0)
  foreach(source ${sources})
    get_filename_component(base ${source} NAME)
    get_filename_component(full ${source} ABSOLUTE)
    set(object ${directory}/${index}_${base}.o)
    math(EXPR index "${index} + 1")
    set(compile ${DSPMEM_XTENSA_GCC} ${DSPMEM_FIRMWARE_FLAGS} -I${generated} ${flags} -MD -MF ${object}.d)
    if(abi STREQUAL windowed)
      # The compiler knows windowed calls; the assembler learns them from windowed.inc.
      string(REGEX MATCH "\\.S$" assembly ${base})
      set(step -S)
      if(assembly)
        set(step -E)
      endif()
      set(commands COMMAND ${compile} -mabi=windowed -MT ${object} ${step} ${full} -o ${object}.s
        COMMAND ${DSPMEM_XTENSA_AS} --longcalls --text-section-literals ${DSPMEM_FIRMWARE_DIR}/include/windowed.inc ${object}.s -o ${object})
    else()
      set(commands COMMAND ${compile} -c ${full} -o ${object})
    endif()
    add_custom_command(OUTPUT ${object}
      ${commands}
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      DEPENDS ${full} ${generated}/platform_config.h ${DSPMEM_FIRMWARE_DIR}/include/windowed.inc DEPFILE ${object}.d VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  set(${objects_variable} ${objects} PARENT_SCOPE)
endfunction()

# What all images of a platform have in common, made once: sets startup, zones (objects) and generated (directory) in the caller.
function(dspmem_platform_firmware platform abi)
  if(NOT EXISTS ${platform} AND EXISTS ${DSPMEM_CONFIG_DIR}/platforms/${platform}.yaml)
    set(platform ${DSPMEM_CONFIG_DIR}/platforms/${platform}.yaml)
  endif()
  get_filename_component(platform ${platform} ABSOLUTE)
  if(NOT EXISTS ${platform})
    message(FATAL_ERROR "dspmem_add_firmware: there is no platform file '${platform}'; 'dspmem describe' knows the platforms that come with dspmem")
  endif()
  get_filename_component(stem ${platform} NAME_WE)
  string(SHA1 key "${platform}${abi}${CMAKE_CURRENT_BINARY_DIR}")
  string(SUBSTRING ${key} 0 8 key)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/dspmem_firmware/${stem}_${key})
  get_property(known GLOBAL PROPERTY dspmem_startup_${key})
  if(NOT known)
    file(MAKE_DIRECTORY ${generated})
    # Written only when changed: a new simulator does not rebuild every image.
    foreach(kind header linker-script)
      set(file_header platform_config.h)
      set(file_linker-script link.ld)
      add_custom_command(OUTPUT ${generated}/${file_${kind}}
        COMMAND $<TARGET_FILE:${DSPMEM_PROGRAM}> describe ${platform} --${kind} > ${generated}/${file_${kind}}.new
        COMMAND ${CMAKE_COMMAND} -E copy_if_different ${generated}/${file_${kind}}.new ${generated}/${file_${kind}}
        DEPENDS ${DSPMEM_PROGRAM} ${platform} VERBATIM)
    endforeach()
    set(own -std=c11 -Wall -Wextra -Werror -I${DSPMEM_FIRMWARE_DIR}/include -I${DSPMEM_FIRMWARE_DIR}/libc/include)
    foreach(part startup zones)
      set(directories_startup src libc)
      set(directories_zones allocators/zones)
      set(sources)
      foreach(directory ${directories_${part}})
        file(GLOB found CONFIGURE_DEPENDS ${DSPMEM_FIRMWARE_DIR}/${directory}/*.c ${DSPMEM_FIRMWARE_DIR}/${directory}/*.S)
        list(APPEND sources ${found})
      endforeach()
      file(MAKE_DIRECTORY ${generated}/${part})
      dspmem_compile_firmware(${generated}/${part} ${generated} ${abi} "${own}" "${sources}" ${part})
      set_property(GLOBAL PROPERTY dspmem_${part}_${key} ${${part}})
    endforeach()
    # Images of several targets share these files: one target makes them first.
    add_custom_target(dspmem_firmware_${stem}_${key} DEPENDS ${startup} ${zones} ${generated}/link.ld)
  endif()
  get_property(startup GLOBAL PROPERTY dspmem_startup_${key})
  get_property(zones GLOBAL PROPERTY dspmem_zones_${key})
  set(startup ${startup} PARENT_SCOPE)
  set(zones ${zones} PARENT_SCOPE)
  set(generated ${generated} PARENT_SCOPE)
  set(common dspmem_firmware_${stem}_${key} PARENT_SCOPE)
endfunction()

function(dspmem_add_firmware name)
  cmake_parse_arguments(ARG "NO_ZONES;LIBC" "PLATFORM;FORCE_INCLUDE;ABI" "SOURCES;INCLUDES;DEFINITIONS;OPTIONS;LIBRARIES" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "dspmem_add_firmware(${name}): unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_PLATFORM)
    message(FATAL_ERROR "dspmem_add_firmware(${name}): PLATFORM is missing: a name such as tgl, or a .yaml file")
  endif()
  set(abi call0)
  if(ARG_ABI)
    set(abi ${ARG_ABI})
  endif()
  if(NOT abi MATCHES "^(call0|windowed)$")
    message(FATAL_ERROR "dspmem_add_firmware(${name}): ABI is call0 or windowed, not '${abi}'")
  endif()
  if(abi STREQUAL windowed AND ARG_LIBC)
    message(FATAL_ERROR "dspmem_add_firmware(${name}): picolibc for this core is of the call0 ABI: LIBC and ABI windowed exclude each other")
  endif()
  dspmem_platform_firmware(${ARG_PLATFORM} ${abi})

  set(flags)
  if(ARG_FORCE_INCLUDE)
    get_filename_component(shim ${ARG_FORCE_INCLUDE} ABSOLUTE)
    list(APPEND flags -include ${shim})
  endif()
  foreach(directory ${ARG_INCLUDES})
    get_filename_component(full ${directory} ABSOLUTE)
    list(APPEND flags -I${full})
  endforeach()
  list(TRANSFORM ARG_DEFINITIONS PREPEND -D)
  list(APPEND flags ${ARG_DEFINITIONS} ${ARG_OPTIONS} -I${DSPMEM_FIRMWARE_DIR}/include)
  set(libraries ${ARG_LIBRARIES})
  if(ARG_LIBC)
    if(NOT DSPMEM_XTENSA_LIBC)
      message(FATAL_ERROR "dspmem_add_firmware(${name}): LIBC needs picolibc for this core: apt-get install picolibc-xtensa-lx106-elf")
    endif()
    list(APPEND flags -isystem ${DSPMEM_XTENSA_LIBC}/include)
    list(APPEND libraries -L${DSPMEM_XTENSA_LIBC}/lib -lc)
  else()
    list(APPEND flags -I${DSPMEM_FIRMWARE_DIR}/libc/include)
  endif()

  set(output ${PROJECT_BINARY_DIR}/firmware)
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/dspmem_firmware/${name}.dir)
  file(MAKE_DIRECTORY ${output} ${directory})
  dspmem_compile_firmware(${directory} ${generated} ${abi} "${flags}" "${ARG_SOURCES}" objects)
  if(NOT ARG_NO_ZONES)
    list(APPEND objects ${zones})
  endif()
  set(libgcc -lgcc)
  if(abi STREQUAL windowed)
    set(libgcc)  # it is of the call0 ABI; libc/libgcc.c has what is needed
  endif()
  add_custom_command(OUTPUT ${output}/${name}.elf
    COMMAND ${DSPMEM_XTENSA_GCC} -nostdlib -Wl,-T,${generated}/link.ld ${startup} ${objects} ${libraries} ${libgcc} -o ${output}/${name}.elf
    DEPENDS ${startup} ${objects} ${generated}/link.ld VERBATIM)
  add_custom_target(firmware_${name} ALL DEPENDS ${output}/${name}.elf)
  add_dependencies(firmware_${name} ${common})
endfunction()
