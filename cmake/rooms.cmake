# The house's one way to declare a room.
#
#   iolite_room(vector FLOOR 2
#     USES     base columnar storage
#     HEADERS  index.h flat_index.h
#     SOURCES  flat_index.cc
#     TESTING  testing/random_vectors.cc
#     TESTS    flat_index_test.cc
#     BENCHES  flat_index_bench.cc
#     LINKS    PkgConfig::roaring)
#
# makes the static library iolite_vector (alias iolite::vector), the library iolite_vector_testing when
# TESTING names sources (or fakes live in testing/), the program iolite_vector_test (CTest label
# `vector`) and iolite_vector_bench.
#
# A room looks down only. An edge in USES that points up or sideways stops the configure step, and an
# include of a room outside USES stops the build: every room's headers are reached through a folder of
# its own (build/rooms/<room>/iolite/<room>), and a target only sees the folders of what it uses.

set(IOLITE_ROOM_STAGE "${CMAKE_BINARY_DIR}/rooms")

function(_iolite_stage_headers room source_dir)
  file(MAKE_DIRECTORY "${IOLITE_ROOM_STAGE}/${room}/iolite")
  file(CREATE_LINK "${source_dir}" "${IOLITE_ROOM_STAGE}/${room}/iolite/${room}" SYMBOLIC)
endfunction()

function(_iolite_check_edges room floor uses)
  foreach(used IN LISTS uses)
    get_property(used_floor GLOBAL PROPERTY "IOLITE_FLOOR_${used}")
    if("${used_floor}" STREQUAL "")
      message(FATAL_ERROR
        "iolite_room(${room} FLOOR ${floor}): USES ${used}, which is not declared below it. "
        "Rooms are declared floor by floor in src/iolite/CMakeLists.txt.")
    endif()
    if(NOT used_floor LESS floor)
      message(FATAL_ERROR
        "iolite_room(${room} FLOOR ${floor}): USES ${used} on floor ${used_floor}. A room looks down "
        "only: move what both need to a lower floor, or wire them together in `engine`.")
    endif()
  endforeach()
endfunction()

# One generated source per header, so that a header that does not compile alone is named by the build.
function(_iolite_check_headers room headers)
  set(checks)
  foreach(header IN LISTS headers)
    string(MAKE_C_IDENTIFIER "${header}" stem)
    set(check "${CMAKE_BINARY_DIR}/header_checks/${room}/${stem}.cc")
    file(CONFIGURE OUTPUT "${check}" CONTENT "#include \"iolite/${room}/${header}\"\n")
    list(APPEND checks "${check}")
  endforeach()
  if(checks)
    add_library(iolite_${room}_headers OBJECT EXCLUDE_FROM_ALL ${checks})
    target_link_libraries(iolite_${room}_headers PRIVATE iolite_${room})
    add_dependencies(iolite_headers iolite_${room}_headers)
  endif()
endfunction()

function(_iolite_add_tests room tests)
  if(NOT tests OR NOT IOLITE_BUILD_TESTS)
    return()
  endif()
  add_executable(iolite_${room}_test ${tests})
  target_link_libraries(iolite_${room}_test PRIVATE iolite_${room}_testing GTest::gmock_main)
  target_compile_definitions(iolite_${room}_test PRIVATE
    IOLITE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" IOLITE_DEPS_DIR="${IOLITE_DEPS_DIR}")
  add_dependencies(iolite_tests iolite_${room}_test)
  gtest_discover_tests(iolite_${room}_test
    TEST_PREFIX "${room}." DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY "${CMAKE_BINARY_DIR}"
    PROPERTIES LABELS "${room}" TIMEOUT 300)
endfunction()

function(_iolite_add_benches room benches)
  if(NOT benches OR NOT IOLITE_BUILD_BENCHES)
    return()
  endif()
  add_executable(iolite_${room}_bench ${benches})
  target_link_libraries(iolite_${room}_bench PRIVATE iolite_${room}_testing benchmark::benchmark_main)
  add_dependencies(iolite_benches iolite_${room}_bench)
endfunction()

add_custom_target(iolite_headers)
add_custom_target(iolite_tests)
add_custom_target(iolite_benches)

function(iolite_room room)
  cmake_parse_arguments(arg "" "FLOOR" "USES;HEADERS;SOURCES;TESTING;TESTS;BENCHES;LINKS;LINKS_PUBLIC" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "iolite_room(${room}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  _iolite_check_edges(${room} ${arg_FLOOR} "${arg_USES}")
  set_property(GLOBAL PROPERTY "IOLITE_FLOOR_${room}" ${arg_FLOOR})
  set_property(GLOBAL APPEND PROPERTY IOLITE_ROOMS ${room})
  _iolite_stage_headers(${room} "${CMAKE_CURRENT_SOURCE_DIR}")

  add_library(iolite_${room} STATIC ${arg_SOURCES})
  add_library(iolite::${room} ALIAS iolite_${room})
  target_include_directories(iolite_${room} PUBLIC
    "${IOLITE_ROOM_STAGE}/${room}" "${PROJECT_SOURCE_DIR}/include")
  target_link_libraries(iolite_${room} PUBLIC iolite_flags ${arg_LINKS_PUBLIC} PRIVATE ${arg_LINKS})
  foreach(used IN LISTS arg_USES)
    target_link_libraries(iolite_${room} PUBLIC iolite_${used})
  endforeach()

  # Fakes and builders: this room's own, and those of the rooms it uses.
  if(arg_TESTING)
    add_library(iolite_${room}_testing STATIC EXCLUDE_FROM_ALL ${arg_TESTING})
    set(visibility PUBLIC)
    target_link_libraries(iolite_${room}_testing PUBLIC GTest::gmock)
  else()
    add_library(iolite_${room}_testing INTERFACE)
    set(visibility INTERFACE)
  endif()
  target_link_libraries(iolite_${room}_testing ${visibility} iolite_${room})
  foreach(used IN LISTS arg_USES)
    target_link_libraries(iolite_${room}_testing ${visibility} iolite_${used}_testing)
  endforeach()

  _iolite_check_headers(${room} "${arg_HEADERS}")
  _iolite_add_tests(${room} "${arg_TESTS}")
  _iolite_add_benches(${room} "${arg_BENCHES}")
endfunction()
