# SPDX-License-Identifier: Apache-2.0
# find_package(dspmem): the program dspmem::dspmem, the library of models dspmem::models, and the function dspmem_add_firmware().
get_filename_component(dspmem_prefix ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
if(NOT EXISTS ${dspmem_prefix}/bin/dspmem)  # lib/x86_64-linux-gnu/cmake/dspmem
  get_filename_component(dspmem_prefix ${CMAKE_CURRENT_LIST_DIR}/../../../.. ABSOLUTE)
endif()

if(NOT TARGET dspmem::dspmem)
  add_executable(dspmem::dspmem IMPORTED)
  set_target_properties(dspmem::dspmem PROPERTIES IMPORTED_LOCATION ${dspmem_prefix}/bin/dspmem)

  # Only who links the models needs what they need.
  find_package(PkgConfig QUIET)
  find_package(asmjit QUIET)
  if(PkgConfig_FOUND AND asmjit_FOUND)
    pkg_check_modules(SystemC QUIET IMPORTED_TARGET systemc tlm)
    file(GLOB dspmem_models ${CMAKE_CURRENT_LIST_DIR}/../../dspmem/libdspmem_models.a)
    if(SystemC_FOUND AND dspmem_models)
      add_library(dspmem::models STATIC IMPORTED)
      set_target_properties(dspmem::models PROPERTIES IMPORTED_LOCATION ${dspmem_models}
        INTERFACE_INCLUDE_DIRECTORIES ${dspmem_prefix}/include/dspmem INTERFACE_COMPILE_FEATURES cxx_std_20
        INTERFACE_COMPILE_DEFINITIONS SC_DISABLE_API_VERSION_CHECK INTERFACE_LINK_LIBRARIES "PkgConfig::SystemC;asmjit::asmjit"
        INTERFACE_LINK_OPTIONS "LINKER:--undefined=sc_main")
    endif()
  endif()
endif()

set(DSPMEM_FIRMWARE_DIR ${dspmem_prefix}/share/dspmem/firmware-source)
set(DSPMEM_CONFIG_DIR ${dspmem_prefix}/share/dspmem/configs)
set(DSPMEM_PROGRAM dspmem::dspmem)
include(${CMAKE_CURRENT_LIST_DIR}/DspmemFirmware.cmake)
