// Opens a database, registers a CSV, embeds it, and searches it by meaning under a filter.
//
//     first_search DATABASE CSV MODEL
//
// The CSV needs the columns id, text and year. Link against iolite::iolite.

#include <cstdio>
#include <string>

#include <iolite/engine.h>

namespace {

int Fail(const iolite::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

void Print(const iolite::SearchResult& result) {
  for (const auto& hit : result.hits) {
    std::printf("%-10s %.3f  by %s\n", hit.id.c_str(), hit.score,
                hit.retrieved_by[0].channel.c_str());
  }
  for (const auto& step : result.steps) {
    std::fprintf(stderr, "%-8s %8.3f ms  %s\n", step.name.c_str(), step.duration_ms,
                 step.detail.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: first_search DATABASE CSV MODEL\n");
    return 2;
  }
  auto engine = iolite::Engine::Open({.path = argv[1]});
  if (!engine.ok()) return Fail(engine.status());

  auto source = (*engine)->AddSource({.name = "things", .paths = {argv[2]}});
  if (!source.ok()) return Fail(source.status());

  auto embedded =
      (*engine)->Embed({.source = "things", .model = argv[3], .columns = {"text"}, .key = "id"});
  if (!embedded.ok()) return Fail(embedded.status());

  iolite::SearchOptions search;
  search.source = "things";
  search.query.text = "birds that cannot fly";
  search.k = 3;
  search.where = "year > 1900";
  auto found = (*engine)->Search(search);
  if (!found.ok()) return Fail(found.status());
  Print(*found);
  return 0;
}
