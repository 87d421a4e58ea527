#pragma once

#include <map>
#include <memory>
#include <string>

#include "iolite/vector/peers/contender.h"
#include "iolite/vector/peers/filters.h"

namespace iolite::vector::peers {

/// A line of words: `search ours ef=40 threads=2`.
struct Command {
  std::string verb, name;
  std::map<std::string, std::string> values;

  /// kInvalidArgument when there is no verb and name.
  static Result<Command> Parse(const std::string& line);
  std::string Text(const std::string& key, const std::string& otherwise = "") const;
  double Number(const std::string& key, double otherwise) const;
};

/// What commands work on, from one to the next.
///
///   kinds all                            (of index files, the default first)
///   data FOLDER metric=l2|cosine
///   build NAME kind=KIND [m=] [efc=] [element=] [threads=1] [file=PATH to write]
///   open NAME kind=KIND file=PATH
///   close NAME
///   filter NAME correlation=random|near|far share=0.01 [k=10]
///   search NAME ef=N [k=10] [threads=1] [seconds=0.2] [filter=NAME] [quality=yes]
///
/// With seconds=0 search takes no time, and with quality=no it does not look at the answers.
/// build and search also take clock=processor, for one thread on a busy machine.
/// KIND is `hnswlib`, `exact` or a kind of index file.
class Session {
 public:
  /// One JSON object, or why there is none.
  Result<std::string> Run(const Command& command);

 private:
  Result<std::string> ListKinds(const Command& command);
  Result<std::string> ReadData(const Command& command);
  Result<std::string> Build(const Command& command);
  Result<std::string> Open(const Command& command);
  Result<std::string> Close(const Command& command);
  Result<std::string> MakeFilter(const Command& command);
  Result<std::string> Search(const Command& command);
  Result<const Contender*> Find(const std::string& name) const;

  DataSet data_;
  std::map<std::string, std::unique_ptr<Contender>> contenders_;
  std::map<std::string, std::vector<FilteredQueries>> filters_;
};

}  // namespace iolite::vector::peers
