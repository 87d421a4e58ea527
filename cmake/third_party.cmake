# Every library that comes from outside, as one imported target each. `./dev setup` puts what Debian
# does not package into IOLITE_DEPS_DIR; the rest comes from the system's -dev packages.

set(IOLITE_DEPS_DIR "${PROJECT_SOURCE_DIR}/.deps" CACHE PATH "Where ./dev setup installs dependencies")

if(NOT EXISTS "${IOLITE_DEPS_DIR}/arrow/lib/libarrow.so")
  message(FATAL_ERROR "Dependencies are missing in ${IOLITE_DEPS_DIR}. Run: ./dev setup")
endif()

# A shared library of .deps: target name, folder, library file, include folder.
function(iolite_import_shared target library include)
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${library}")
  target_include_directories(${target} SYSTEM INTERFACE "${include}")
endfunction()

iolite_import_shared(arrow::arrow
  "${IOLITE_DEPS_DIR}/arrow/lib/libarrow.so.2600" "${IOLITE_DEPS_DIR}/arrow/include")
iolite_import_shared(arrow::parquet
  "${IOLITE_DEPS_DIR}/arrow/lib/libparquet.so.2600" "${IOLITE_DEPS_DIR}/arrow/include")
target_link_libraries(arrow::parquet INTERFACE arrow::arrow)
iolite_import_shared(arrow::compute
  "${IOLITE_DEPS_DIR}/arrow/lib/libarrow_compute.so.2600" "${IOLITE_DEPS_DIR}/arrow/include")
target_link_libraries(arrow::compute INTERFACE arrow::arrow)
iolite_import_shared(duckdb::duckdb
  "${IOLITE_DEPS_DIR}/duckdb/lib/libduckdb.so" "${IOLITE_DEPS_DIR}/duckdb/include")

add_library(usearch::usearch INTERFACE IMPORTED GLOBAL)
target_include_directories(usearch::usearch SYSTEM INTERFACE "${IOLITE_DEPS_DIR}/usearch/include")
target_compile_definitions(usearch::usearch INTERFACE USEARCH_USE_NUMKONG=0 USEARCH_USE_OPENMP=0)

find_package(OpenVINO REQUIRED PATHS "${IOLITE_DEPS_DIR}/openvino/cmake" NO_DEFAULT_PATH
  COMPONENTS Runtime)

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(Protobuf REQUIRED)
find_package(CLI11 REQUIRED)

# Debian's roaring-config.cmake expects the static archive that the package leaves out.
find_library(IOLITE_ROARING_LIBRARY roaring REQUIRED)
find_path(IOLITE_ROARING_INCLUDE roaring/roaring.h REQUIRED)
iolite_import_shared(roaring::roaring "${IOLITE_ROARING_LIBRARY}" "${IOLITE_ROARING_INCLUDE}")
find_package(tomlplusplus REQUIRED)

# Unicode's segmentation and folding, and Snowball's stemmers: for the room `text`.
find_package(ICU REQUIRED COMPONENTS uc)
find_library(IOLITE_STEMMER_LIBRARY stemmer REQUIRED)
find_path(IOLITE_STEMMER_INCLUDE libstemmer.h REQUIRED)
iolite_import_shared(snowball::stemmer "${IOLITE_STEMMER_LIBRARY}" "${IOLITE_STEMMER_INCLUDE}")

if(IOLITE_BUILD_TESTS OR IOLITE_BUILD_BENCHES)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
if(IOLITE_BUILD_BENCHES)
  find_package(benchmark REQUIRED)
endif()

# Hugging Face tokenizers: the Rust crate in src/iolite/models/tokenizers_shim, built by ./dev setup.
add_library(tokenizers::shim STATIC IMPORTED GLOBAL)
set_target_properties(tokenizers::shim PROPERTIES
  IMPORTED_LOCATION "${IOLITE_DEPS_DIR}/tokenizers/lib/libiolite_tokenizers.a")
target_link_libraries(tokenizers::shim INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
