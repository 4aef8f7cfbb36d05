# SPDX-License-Identifier: Apache-2.0
#
# dspmem_compile_together(TARGET BATCH SOURCE...): compiles BATCH sources of one folder at a time, since most of a file's compile time goes into
# the headers that its neighbours include as well. A whole build takes a third of the time. Files of one folder therefore share their anonymous
# namespaces: a name must be unique in its folder. Two folders are never mixed. DSPMEM_COMPILE_TOGETHER=OFF compiles each file alone, which is
# what editors' code indexes need (compile_commands.json has an entry for each file then; the preset debug has it off).
option(DSPMEM_COMPILE_TOGETHER "compile the files of a folder in batches" ON)

function(dspmem_compile_together target batch_size)
  if(NOT DSPMEM_COMPILE_TOGETHER)
    return()
  endif()
  foreach(source ${ARGN})
    get_filename_component(folder ${source} DIRECTORY)
    file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${folder})
    string(MAKE_C_IDENTIFIER "${folder}" folder)
    if(NOT DEFINED count_${folder})
      set(count_${folder} 0)
    endif()
    math(EXPR batch "${count_${folder}} / ${batch_size}")
    math(EXPR count_${folder} "${count_${folder}} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${batch})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()
