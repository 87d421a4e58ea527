#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "iolite/base/random.h"
#include "iolite/engine.h"

namespace iolite::engine::testing {

/// A database in a folder of its own, small data beside it, and a real model.
class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("iolite-engine-" + Random::System().NextHex(12));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  /// Eight described things with the columns id, text and year.
  void WriteThings() {
    Write("things.csv",
          "id,text,year\n"
          "penguin,a bird of the cold south that swims and cannot fly,1990\n"
          "ostrich,the largest living bird; it runs fast and cannot fly,2001\n"
          "eagle,a large bird of prey that soars high in the sky,2005\n"
          "salmon,a fish that returns to its river to lay eggs,2010\n"
          "bat,a mammal that flies at night and hunts insects,1985\n"
          "whale,a huge mammal that lives in the sea,2015\n"
          "bee,an insect that makes honey,2020\n"
          "pirate,a person who steals at sea,1700\n");
  }

  Status Open(EngineOptions options = {}) {
    options.path = Path("db");
    engine_.reset();
    auto engine = Engine::Open(options);
    if (!engine.ok()) return engine.status();
    engine_ = std::move(engine).value();
    return Status::Ok();
  }

  /// Opens with settings such as {"threads.count", "1"}.
  Status OpenWith(std::vector<std::pair<std::string, std::string>> settings) {
    return Open({.settings = std::move(settings)});
  }

  Status AddThings() {
    WriteThings();
    return engine_->AddSource({.name = "things", .paths = {Path("things.csv")}}).status();
  }

  Result<EmbedResult> EmbedThings(const std::string& precision = "f32") {
    return engine_->Embed({.source = "things",
                           .model = Model(),
                           .columns = {"text"},
                           .key = "id",
                           .precision = precision});
  }

  static std::string Model() {
    return std::string("local:") + IOLITE_DEPS_DIR + "/models/all-MiniLM-L6-v2";
  }

  std::filesystem::path folder_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace iolite::engine::testing
