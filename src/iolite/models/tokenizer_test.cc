#include "iolite/models/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "iolite/base/random.h"
#include "iolite/models/testing/temporary_folder.h"
#include "iolite/models/tokenizers_shim/iolite_tokenizers.h"

namespace iolite::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

const std::string kMiniLm = IOLITE_DEPS_DIR "/models/all-MiniLM-L6-v2";
const std::string kGolden = IOLITE_SOURCE_DIR "/../shared/data/tokenizers";

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::unique_ptr<Tokenizer> MiniLm(const TokenizerOptions& options = {}) {
  auto tokenizer = Tokenizer::OpenFolder(kMiniLm, options);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  return std::move(tokenizer).value();
}

std::vector<int32_t> Ids(const Tokenizer& tokenizer, std::string_view text) {
  Encodings out;
  const Status status = tokenizer.EncodeBatch({}, {&text, 1}, &out);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(out.type_ids.size(), out.ids.size());
  return out.ids;
}

/// A small tokenizer.json with the words given and a `model` section to spoil.
nlohmann::json SmallTokenizer() {
  return nlohmann::json::parse(R"({"version": "1.0", "added_tokens": [], "normalizer": null,
    "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
    "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "hello": 1, "world": 2}}})");
}

// The tokenizers library itself, reached through the option that the fast path leaves to it.
std::vector<int32_t> LibraryIds(IoliteTokenizer* tokenizer, std::string_view text) {
  const IoliteBytes bytes = {text.data(), text.size()};
  IoliteEncodings out = {};
  IoliteMessage error = {};
  const uint32_t flags = IOLITE_TOKENIZERS_WITH_SPECIAL_TOKENS | IOLITE_TOKENIZERS_WITH_SPANS;
  EXPECT_EQ(iolite_tokenizers_encode(tokenizer, &bytes, nullptr, 1, flags, &out, &error), 0);
  std::vector<int32_t> ids(out.ids, out.ids + out.token_count);
  iolite_tokenizers_encodings_free(out);
  return ids;
}

TEST(Tokenizer, EncodesEachTextWithSpecialTokensAndWithoutPadding) {
  const auto tokenizer = MiniLm({.token_count_max = 256});
  const std::vector<std::string_view> texts = {"Hello world!", "", "a pirate"};
  Encodings out;
  ASSERT_TRUE(tokenizer->EncodeBatch({}, texts, &out).ok());
  EXPECT_THAT(out.offsets, ElementsAre(0, 5, 7, 11));
  EXPECT_THAT(out.ids, ElementsAre(101, 7592, 2088, 999, 102, 101, 102, 101, 1037, 11304, 102));
  EXPECT_THAT(out.type_ids, ::testing::Each(0));
  EXPECT_EQ(tokenizer->vocabulary_size(), 30522);
  EXPECT_EQ(tokenizer->padding_id(), 0);
  EXPECT_EQ(tokenizer->unknown_id(), 100);
  EXPECT_EQ(tokenizer->TokenId("pirate"), 11304);
  EXPECT_EQ(tokenizer->TokenId("no such token"), std::nullopt);
}

TEST(Tokenizer, EncodesNoTextsAtAll) {
  Encodings out;
  out.ids = {1, 2};
  ASSERT_TRUE(MiniLm()->EncodeBatch({}, {}, &out).ok());
  EXPECT_EQ(out.text_count(), 0u);
  EXPECT_TRUE(out.ids.empty());
}

// Which golden cases belong to the one vocabulary that lies beside them.
void CheckGolden(const std::string& file, const std::string& model, size_t case_count) {
  if (!std::filesystem::exists(kGolden))
    GTEST_SKIP() << kGolden << " is absent: nothing was checked";
  TemporaryFolder folder;
  folder.Write("vocab.txt", Slurp(kGolden + "/bert-base-uncased-vocab.txt"));
  auto tokenizer = Tokenizer::OpenFolder(folder.path(), {});
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  const nlohmann::json cases = nlohmann::json::parse(Slurp(kGolden + "/" + file))[model];
  size_t checked = 0;
  for (const auto& [name, golden] : cases.items()) {
    if (golden.contains("text_pair")) continue;
    EXPECT_EQ(Ids(**tokenizer, golden["text"].get<std::string>()), golden["ids"])
        << model << " " << name;
    ++checked;
  }
  EXPECT_EQ(checked, case_count);
}

TEST(Tokenizer, MatchesTheGoldenCasesOfBert) {
  CheckGolden("bert.json", "Xenova/bert-base-uncased", 29);
}

TEST(Tokenizer, MatchesTheGoldenCasesOfDistilbert) {
  CheckGolden("distilbert.json", "Xenova/distilbert-base-uncased-finetuned-sst-2-english", 12);
}

TEST(Tokenizer, CutsAtTheMaximumAndKeepsTheLastSpecialToken) {
  const auto tokenizer = MiniLm({.token_count_max = 5});
  EXPECT_THAT(Ids(*tokenizer, "one two three four five six"),
              ElementsAre(101, 2028, 2048, 2093, 102));
  EXPECT_THAT(Ids(*tokenizer, "one two three"), ElementsAre(101, 2028, 2048, 2093, 102));
  // "unaffable" is three pieces; a word may be cut in two.
  EXPECT_THAT(Ids(*tokenizer, "one two unaffable"), ElementsAre(101, 2028, 2048, 14477, 102));
}

TEST(Tokenizer, RefusesAMaximumWithoutRoomForText) {
  auto tokenizer = Tokenizer::OpenFolder(kMiniLm, {.token_count_max = 2});
  EXPECT_EQ(tokenizer.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(tokenizer.status().message(), HasSubstr("at most 2 tokens leave no room"));
}

TEST(Tokenizer, TakesAMegabyteOfText) {
  std::string text;
  while (text.size() < 1 << 20) text += "the quick brown fox jumps over the lazy dog. ";
  EXPECT_EQ(Ids(*MiniLm({.token_count_max = 256}), text).size(), 256u);
  EXPECT_GT(Ids(*MiniLm(), text).size(), 200'000u);
  // One word of a megabyte is one unknown token, as in the library.
  EXPECT_THAT(Ids(*MiniLm(), std::string(1 << 20, 'a')), ElementsAre(101, 100, 102));
}

TEST(Tokenizer, RemovesControlCharacters) {
  const auto tokenizer = MiniLm();
  std::string controls;
  for (char c = 0; c < 32; ++c) controls.push_back(c);
  EXPECT_THAT(Ids(*tokenizer, controls), ElementsAre(101, 102));
  EXPECT_EQ(Ids(*tokenizer, std::string_view("he\0llo\x7f wor\x01ld", 14)),
            Ids(*tokenizer, "hello world"));
}

TEST(Tokenizer, ReplacesBytesThatAreNotUtf8) {
  const auto tokenizer = MiniLm();
  for (const char* broken : {"pirate \xff ship", "pirate \xc3 ship", "pirate \xed\xa0\x80 ship",
                             "\xf0\x9f pirate ship"}) {
    EXPECT_EQ(Ids(*tokenizer, broken), Ids(*tokenizer, "pirate ship")) << broken;
  }
  TemporaryFolder folder;
  nlohmann::json small = SmallTokenizer();
  small["model"]["vocab"]["\xef\xbf\xbd"] = 3;
  auto other = Tokenizer::Open(folder.Write("tokenizer.json", small.dump()), {});
  ASSERT_TRUE(other.ok()) << other.status().ToString();
  EXPECT_THAT(Ids(**other, "hello \xff world"), ElementsAre(1, 3, 2));
}

TEST(Tokenizer, LowerCasesFirstWhenAsked) {
  TemporaryFolder folder;
  const std::string path = folder.Write("tokenizer.json", SmallTokenizer().dump());
  auto plain = Tokenizer::Open(path, {});
  auto lower = Tokenizer::Open(path, {.lower_case = true});
  ASSERT_TRUE(plain.ok() && lower.ok());
  EXPECT_THAT(Ids(**plain, "Hello WORLD"), ElementsAre(0, 0));
  EXPECT_THAT(Ids(**lower, "Hello WORLD"), ElementsAre(1, 2));
}

TEST(Tokenizer, CountsTheTokensOfAPrompt) {
  auto count = MiniLm()->CountPromptTokens("query: ");
  ASSERT_TRUE(count.ok());
  EXPECT_EQ(*count, 3);  // [CLS] query :
  EXPECT_EQ(*MiniLm({.add_special_tokens = false})->CountPromptTokens("query: "), 2);
}

TEST(Tokenizer, LeavesSpecialTokensOutWhenAsked) {
  EXPECT_THAT(Ids(*MiniLm({.add_special_tokens = false}), "a pirate"), ElementsAre(1037, 11304));
}

TEST(Tokenizer, FindsSpecialTokensWrittenInTheText) {
  EXPECT_THAT(Ids(*MiniLm(), "a [MASK] ship"), ElementsAre(101, 1037, 103, 2911, 102));
  EXPECT_THAT(Ids(*MiniLm(), "a[SEP]ship [x]"),
              ElementsAre(101, 1037, 102, 2911, 1031, 1060, 1033, 102));
}

TEST(Tokenizer, ReadsBertsVocabularyWithItsConfiguration) {
  TemporaryFolder folder;
  folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nHello\n##s\n");
  folder.Write("tokenizer_config.json", R"({"do_lower_case": false})");
  auto cased = Tokenizer::OpenFolder(folder.path(), {});
  ASSERT_TRUE(cased.ok()) << cased.status().ToString();
  EXPECT_THAT(Ids(**cased, "Hello hellos"), ElementsAre(2, 6, 5, 7, 3));
  folder.Write("tokenizer_config.json", R"({"do_lower_case": true})");
  auto uncased = Tokenizer::OpenFolder(folder.path(), {});
  ASSERT_TRUE(uncased.ok());
  EXPECT_THAT(Ids(**uncased, "Hello hellos x"), ElementsAre(2, 5, 5, 7, 1, 3));
}

TEST(Tokenizer, SaysWhatIsWrongWithATokenizer) {
  TemporaryFolder folder;
  const auto error_of = [&](std::string_view name, std::string_view text) {
    const std::string path = folder.Write(name, text);
    const Status status = Tokenizer::Open(path, {}).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(path));
    return status.message();
  };
  EXPECT_THAT(error_of("broken.json", "{\"version\": \"1.0\", "), HasSubstr("EOF"));
  EXPECT_THAT(error_of("empty.json", ""), HasSubstr("EOF"));
  nlohmann::json small = SmallTokenizer();
  small["model"]["vocab"] = nlohmann::json::object();
  EXPECT_THAT(error_of("words.json", small.dump()), HasSubstr("no vocabulary"));
  small["model"].erase("vocab");
  EXPECT_THAT(error_of("without.json", small.dump()), HasSubstr("is no usable tokenizer"));
  small.erase("model");
  error_of("modelless.json", small.dump());
  // A template that names tokens without ids makes the library panic or refuse; never the process.
  small = SmallTokenizer();
  small["post_processor"] = nlohmann::json::parse(
      R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[X]", "type_id": 0}}],
          "pair": [], "special_tokens": {}})");
  error_of("template.json", small.dump());
}

TEST(Tokenizer, NamesAMissingFile) {
  TemporaryFolder folder;
  Status status = Tokenizer::Open(folder.File("tokenizer.json"), {}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr(folder.File("tokenizer.json")));
  status = Tokenizer::OpenFolder(folder.path(), {}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("neither tokenizer.json nor vocab.txt"));
  folder.Write("vocab.txt", "hello\nworld\n");
  EXPECT_THAT(Tokenizer::OpenFolder(folder.path(), {}).status().message(),
              HasSubstr("lacks the special token [UNK]"));
  folder.Write("vocab.txt", "");
  EXPECT_THAT(Tokenizer::OpenFolder(folder.path(), {}).status().message(),
              HasSubstr("no vocabulary"));
}

// The fast path against the library, on text made of what normalizers trip over.
TEST(Tokenizer, FastPathGivesTheLibrarysTokens) {
  const std::vector<std::string> atoms = {"the",
                                          "Pirate",
                                          "UNAFFABLE",
                                          "q",
                                          "##",
                                          "'",
                                          "--",
                                          "[",
                                          "]",
                                          "[MASK",
                                          "[SEP]",
                                          " ",
                                          "  ",
                                          "\n",
                                          "\t",
                                          "\r",
                                          "\x0b",
                                          "\x0c",
                                          "\x1f",
                                          "\x7f",
                                          "é",
                                          "É",
                                          "e\u0301",
                                          "\u0301",
                                          "ß",
                                          "İ",
                                          "Σ",
                                          "ς",
                                          "ﬁ",
                                          "Ǆ",
                                          "ÅNGSTRÖM",
                                          "中",
                                          "文",
                                          "𠀀",
                                          "日本",
                                          "한국",
                                          "ไทย",
                                          "हिन्दी",
                                          "العربية",
                                          "🙂",
                                          "👩\u200d👩\u200d👧",
                                          "\u00a0",
                                          "\u2003",
                                          "\u2028",
                                          "\u200b",
                                          "\ufeff",
                                          "\ufffd",
                                          "。",
                                          "„",
                                          "€",
                                          "½",
                                          "²",
                                          "\u00ad",
                                          "\xff",
                                          "\xc3",
                                          "12345",
                                          "3.14",
                                          "a_b",
                                          "x@y.z"};
  const uint64_t seed = Random::System().NextBits();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto random = Random::Seeded(seed);
  const auto tokenizer = MiniLm({.token_count_max = 24});
  const std::string json = Slurp(kMiniLm + "/tokenizer.json");
  const IoliteTokenizerOptions options = {.token_count_max = 24};
  IoliteTokenizer* library = nullptr;
  IoliteMessage error = {};
  ASSERT_EQ(iolite_tokenizers_open({json.data(), json.size()}, &options, &library, &error), 0);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (uint64_t i = random->NextBelow(24); i > 0; --i) {
      text += atoms[random->NextBelow(atoms.size())];
      if (random->NextBelow(3) == 0) text += ' ';
    }
    ASSERT_EQ(Ids(*tokenizer, text), LibraryIds(library, text)) << text;
  }
  iolite_tokenizers_close(library);
}

TEST(Tokenizer, SharesLargeBatchesAndHonoursCancellation) {
  const auto executor = Executor::Threads(3);
  const auto shared = MiniLm({.executor = executor.get()});
  const auto alone = MiniLm();
  std::vector<std::string> texts;
  for (int i = 0; i < 1000; ++i) texts.push_back("text number " + std::to_string(i * i));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  Encodings expected;
  ASSERT_TRUE(alone->EncodeBatch({}, views, &expected).ok());
  std::vector<Encodings> got(4);
  {
    std::vector<std::jthread> threads;
    for (Encodings& out : got) {
      threads.emplace_back([&] { EXPECT_TRUE(shared->EncodeBatch({}, views, &out).ok()); });
    }
  }
  for (const Encodings& out : got) {
    EXPECT_EQ(out.ids, expected.ids);
    EXPECT_EQ(out.offsets, expected.offsets);
  }
  RequestContext context;
  context.cancel.Cancel();
  EXPECT_EQ(shared->EncodeBatch(context, views, &got[0]).code(), StatusCode::kCancelled);
}

// What later stages need of the C interface: pairs and where tokens came from.
TEST(TokenizersShim, EncodesPairsWithSpans) {
  const std::string json = Slurp(kMiniLm + "/tokenizer.json");
  const IoliteTokenizerOptions options = {.token_count_max = 7};
  IoliteTokenizer* tokenizer = nullptr;
  IoliteMessage error = {};
  ASSERT_EQ(iolite_tokenizers_open({json.data(), json.size()}, &options, &tokenizer, &error), 0);
  const std::string first = "Café, hello", second = "one two three four";
  const IoliteBytes texts = {first.data(), first.size()}, pairs = {second.data(), second.size()};
  IoliteEncodings out = {};
  const uint32_t flags = IOLITE_TOKENIZERS_WITH_SPECIAL_TOKENS | IOLITE_TOKENIZERS_WITH_SPANS;
  ASSERT_EQ(iolite_tokenizers_encode(tokenizer, &texts, &pairs, 1, flags, &out, &error), 0);
  ASSERT_EQ(out.token_count, 7u);  // [CLS] cafe , [SEP] one two [SEP]
  EXPECT_EQ(std::vector<int32_t>(out.type_ids, out.type_ids + 7),
            (std::vector<int32_t>{0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(first.substr(out.spans[2], out.spans[3] - out.spans[2]), "Café");
  EXPECT_EQ(second.substr(out.spans[10], out.spans[11] - out.spans[10]), "two");
  iolite_tokenizers_encodings_free(out);
  iolite_tokenizers_close(tokenizer);
}

}  // namespace
}  // namespace iolite::models
