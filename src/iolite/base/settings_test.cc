#include "iolite/base/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include <nlohmann/json.hpp>

namespace iolite {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Result<Settings> Load(std::string_view toml, const Environment& environment = {}) {
  return LoadSettings(toml, "/lab/iolite.toml", environment);
}

std::string LoadError(std::string_view toml, const Environment& environment = {}) {
  auto settings = Load(toml, environment);
  if (settings.ok()) return "no error";
  EXPECT_EQ(settings.status().code(), StatusCode::kInvalidArgument);
  return settings.status().message();
}

SettingEntry Entry(const Settings& settings, std::string_view key) {
  for (auto& entry : ListSettings(settings)) {
    if (entry.key == key) return entry;
  }
  ADD_FAILURE() << key << " is not listed";
  return {};
}

nlohmann::json Specification() {
  std::ifstream file(IOLITE_SOURCE_DIR "/spec/settings.json");
  return nlohmann::json::parse(file).at("settings");
}

TEST(Settings, DefaultsAreTheSpecifications) {
  const Settings settings = Load("").value();
  EXPECT_EQ(settings.index.kind, "qg");
  EXPECT_EQ(settings.index.connectivity, 0);
  EXPECT_FALSE(settings.models.offline);
  EXPECT_EQ(settings.search.row_cache_bytes_max, 256 << 20);
  const auto specification = Specification();
  ASSERT_EQ(specification.size(), kSettingCount);
  for (const auto& setting : specification) {
    const auto entry = Entry(settings, setting.at("key").get<std::string>());
    const auto& value = setting.at("default");
    EXPECT_EQ(entry.value, value.is_string() ? value.get<std::string>() : value.dump())
        << entry.key;
    EXPECT_EQ(entry.origin, SettingOrigin::kDefault);
  }
}

TEST(Settings, EveryExampleIsTakenFromFileAndEnvironment) {
  for (const auto& setting : Specification()) {
    const std::string key = setting.at("key");
    const auto entry = Entry(Settings(), key);
    auto from_file = Load(key + " = " + setting.at("example").dump());
    ASSERT_TRUE(from_file.ok()) << from_file.status().ToString();
    auto from_environment = Load("", {{entry.environment, entry.example}});
    ASSERT_TRUE(from_environment.ok()) << from_environment.status().ToString();
    EXPECT_EQ(Entry(*from_file, key).origin, SettingOrigin::kFile);
    EXPECT_EQ(Entry(*from_environment, key).origin, SettingOrigin::kEnvironment);
    EXPECT_EQ(Entry(*from_file, key).value, Entry(*from_environment, key).value);
    EXPECT_NE(Entry(*from_file, key).value, entry.value)
        << "the example of " << key << " is its default";
  }
}

TEST(Settings, TheEnvironmentWinsOverTheFile) {
  const auto settings =
      Load("[threads]\ncount = 3\n[log]\nlevel = \"info\"\n",
           {{"IOLITE_THREADS__COUNT", "5"}, {"IOLITE_DB", "lab"}, {"PATH", "a__b"}})
          .value();
  EXPECT_EQ(settings.threads.count, 5);
  EXPECT_EQ(settings.log.level, "info");
  EXPECT_EQ(Entry(settings, "threads.count").origin, SettingOrigin::kEnvironment);
  EXPECT_EQ(Entry(settings, "log.level").origin, SettingOrigin::kFile);
  EXPECT_EQ(Entry(settings, "index.kind").origin, SettingOrigin::kDefault);
}

TEST(Settings, ACallWinsOverAll) {
  Settings settings = Load("", {{"IOLITE_THREADS__COUNT", "5"}}).value();
  ASSERT_TRUE(SetSetting(settings, "threads.count", "1").ok());
  EXPECT_EQ(settings.threads.count, 1);
  EXPECT_EQ(Entry(settings, "threads.count").origin, SettingOrigin::kCall);
  EXPECT_THAT(SetSetting(settings, "thread.count", "1").message(), HasSubstr("'threads.count'"));
  EXPECT_EQ(SetSetting(settings, "threads.count", "many").message(),
            "threads.count: 'many' is not a whole number");
  EXPECT_EQ(settings.threads.count, 1);
}

TEST(Settings, SizesComeAsNumbersAndWithUnits) {
  EXPECT_EQ(Load("memory.budget_bytes = 4096")->memory.budget_bytes, 4096);
  EXPECT_EQ(Load("memory.budget_bytes = '2GiB'")->memory.budget_bytes, int64_t{2} << 30);
  EXPECT_EQ(Load("", {{"IOLITE_MEMORY__BUDGET_BYTES", "512MB"}})->memory.budget_bytes, 512'000'000);
}

TEST(Settings, PathsStartAtTheFileAndAtHome) {
  const Environment home = {{"HOME", "/home/ada"}};
  EXPECT_EQ(Load("models.folder = 'm'", home)->models.folder, "/lab/m");
  EXPECT_EQ(Load("models.folder = '/m'", home)->models.folder, "/m");
  EXPECT_EQ(Load("models.folder = '~/m'", home)->models.folder, "/home/ada/m");
  EXPECT_EQ(Load("models.folder = ''", home)->models.folder, "");
  EXPECT_EQ(Load("", {{"HOME", "/home/ada"}, {"IOLITE_MODELS__FOLDER", "m"}})->models.folder, "m");
}

TEST(Settings, UnknownKeysAreNamedWithTheirLineAndTheNearest) {
  EXPECT_EQ(LoadError("\n[memory]\nbudget = 1\n"),
            "/lab/iolite.toml:3: there is no setting 'memory.budget'; did you mean "
            "'memory.budget_bytes'?; `iolite settings list` names them all");
  EXPECT_THAT(LoadError("[modles]\noffline = true"), HasSubstr("did you mean 'models.offline'?"));
  EXPECT_THAT(LoadError("threads = 4"), HasSubstr("no setting 'threads'"));
  EXPECT_THAT(LoadError("[colour]\n"), HasSubstr(":1: there is no setting 'colour'"));
  EXPECT_THAT(LoadError("[zzzzzz]\nqqqqqqqqq = 1"),
              AllOf(HasSubstr("'zzzzzz.qqqqqqqqq'"), Not(HasSubstr("did you mean"))));
  EXPECT_THAT(LoadError("[index.kind]\nname = 1"), HasSubstr("index.kind"));
  EXPECT_THAT(LoadError("", {{"IOLITE_THREADS__COUNTS", "4"}}),
              AllOf(HasSubstr("'IOLITE_THREADS__COUNTS'"), HasSubstr("'IOLITE_THREADS__COUNT'")));
}

TEST(Settings, NumbersComeWithAndWithoutAFraction) {
  EXPECT_EQ(Load("index.target_recall = 0.95").value().index.target_recall, 0.95);
  EXPECT_EQ(Load("index.target_recall = 1").value().index.target_recall, 1);
  const Settings settings = Load("", {{"IOLITE_INDEX__TARGET_RECALL", "0.9"}}).value();
  EXPECT_EQ(Entry(settings, "index.target_recall").value, "0.9");
}

TEST(Settings, MalformedValuesAreNamedWithWhatWouldFit) {
  EXPECT_EQ(LoadError("[threads]\ncount = -1"),
            "/lab/iolite.toml:2: threads.count: -1 is outside 0 to 1024");
  EXPECT_EQ(LoadError("memory.budget_bytes = -1"),
            "/lab/iolite.toml:1: memory.budget_bytes: -1 is below 0");
  EXPECT_THAT(LoadError("threads.count = '4'"), HasSubstr("without quotes"));
  EXPECT_THAT(LoadError("threads.count = 1.5"), HasSubstr("such as 4"));
  EXPECT_THAT(LoadError("threads.count = true"), HasSubstr("where a number belongs"));
  EXPECT_THAT(LoadError("threads.count = [1]"), HasSubstr("threads.count: write one value"));
  EXPECT_THAT(LoadError("memory.budget_bytes = 'much'"),
              HasSubstr("'much' is not a number of bytes"));
  EXPECT_THAT(LoadError("models.offline = 'true'"),
              HasSubstr("models.offline: write true or false"));
  EXPECT_THAT(LoadError("models.offline = 1"), HasSubstr("true or false"));
  EXPECT_THAT(LoadError("index.kind = 'hnsw'"), HasSubstr("'hnsw' is none of qg, usearch, flat"));
  EXPECT_THAT(LoadError("index.target_recall = 1.5"), HasSubstr("1.5 is outside 0 to 1"));
  EXPECT_THAT(LoadError("index.target_recall = nan"), HasSubstr("outside 0 to 1"));
  EXPECT_THAT(LoadError("index.target_recall = '0.9'"), HasSubstr("without quotes"));
  EXPECT_THAT(LoadError("index.target_recall = true"), HasSubstr("where a number belongs"));
  EXPECT_THAT(LoadError("", {{"IOLITE_INDEX__TARGET_RECALL", "high"}}),
              HasSubstr("'high' is not a number"));
  EXPECT_THAT(LoadError("models.offline = 0.5"), HasSubstr("write one value"));
  EXPECT_THAT(LoadError("index.kind = 3"), HasSubstr("in quotes"));
  EXPECT_THAT(LoadError("models.hub_url = 'ftp://hub'"), HasSubstr("http://"));
  EXPECT_THAT(LoadError("models.folder = \"a\\u0000b\""), HasSubstr("zero byte"));
  EXPECT_EQ(LoadError("", {{"IOLITE_MODELS__OFFLINE", "perhaps"}}),
            "IOLITE_MODELS__OFFLINE: 'perhaps' is neither true nor false");
  EXPECT_EQ(LoadError("", {{"IOLITE_THREADS__COUNT", ""}}),
            "IOLITE_THREADS__COUNT: '' is not a whole number");
}

TEST(Settings, BrokenTomlIsNamedWithItsPlace) {
  EXPECT_THAT(LoadError("[threads\ncount = 1"), HasSubstr("/lab/iolite.toml:1:"));
  EXPECT_THAT(LoadError("threads.count = 1\nthreads.count = 2"), HasSubstr("/lab/iolite.toml:2:"));
  EXPECT_THAT(LoadError("a = \xff"), HasSubstr("/lab/iolite.toml:1:"));
}

TEST(Settings, TheProcessHasAnEnvironment) { EXPECT_TRUE(ProcessEnvironment().contains("PATH")); }

}  // namespace
}  // namespace iolite
