# What a person may turn on or off, and the flags every target shares.

option(IOLITE_BUILD_TESTS "Build the rooms' tests" ON)
option(IOLITE_BUILD_BENCHES "Build the benchmarks" ON)
option(IOLITE_DCHECKS "Keep IOLITE_DCHECK in this build" OFF)
set(IOLITE_SANITIZE "" CACHE STRING "address, thread or empty: sanitizer of this build")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2")

find_program(IOLITE_CCACHE ccache)
if(IOLITE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${IOLITE_CCACHE})
endif()

add_library(iolite_flags INTERFACE)
target_compile_options(iolite_flags INTERFACE -Wall -Wextra -Werror -Wno-missing-field-initializers)
if(IOLITE_DCHECKS)
  target_compile_definitions(iolite_flags INTERFACE IOLITE_DCHECKS=1)
endif()
if(IOLITE_SANITIZE)
  target_compile_options(iolite_flags INTERFACE
    -fsanitize=${IOLITE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    # GCC 12 warns of std::optional members that it no longer sees through once they are instrumented.
    -Wno-maybe-uninitialized)
  target_link_options(iolite_flags INTERFACE -fsanitize=${IOLITE_SANITIZE})
endif()
