# Runs the example in a folder of its own and looks at what it prints.
set(database "${CMAKE_CURRENT_BINARY_DIR}/example-first-search")
file(REMOVE_RECURSE "${database}")
execute_process(COMMAND "${PROGRAM}" "${database}" "${CSV}" "${MODEL}"
  RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE errors)
file(REMOVE_RECURSE "${database}")
if(NOT code EQUAL 0 OR NOT output MATCHES "(penguin|ostrich).*\n(penguin|ostrich)")
  message(FATAL_ERROR "exit code ${code}\n${output}\n${errors}")
endif()
