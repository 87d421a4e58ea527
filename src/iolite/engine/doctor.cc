#include <sys/statvfs.h>

#include <fstream>

#include "iolite/engine/local_engine.h"
#include "iolite/program/runtime.h"

namespace iolite::engine {
namespace {

constexpr double kDiskFreeBytesMin = 1e9;

std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string InstructionSets() {
#if defined(__x86_64__)
  std::string sets;
  if (__builtin_cpu_supports("avx2")) sets += " AVX2";
  if (__builtin_cpu_supports("avx512f")) sets += " AVX-512";
  if (__builtin_cpu_supports("avx512vnni")) sets += " VNNI";
  if (program::ResolvePrecision(program::Precision::kAuto) == program::Precision::kBF16)
    sets += " AMX";
  return sets.empty() ? " no AVX2: vectors and models run slowly" : sets;
#else
  return " baseline";
#endif
}

DoctorFinding Processor() {
  return {
      "processor", "ok",
      fmt::format("{}, {} processors in use,{}; models run in {} with precision auto",
                  ProcessorName(), AvailableProcessorCount(), InstructionSets(),
                  program::PrecisionName(program::ResolvePrecision(program::Precision::kAuto)))};
}

DoctorFinding Disk(const std::string& path) {
  struct statvfs info {};
  if (statvfs(path.c_str(), &info) != 0) return {"disk", "warning", "free space is unknown"};
  double free_bytes = static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize);
  if (free_bytes < kDiskFreeBytesMin) {
    return {"disk", "warning",
            fmt::format("{:.2f} GB free under {}: embedding may run out of room", free_bytes * 1e-9,
                        path)};
  }
  return {"disk", "ok", fmt::format("{:.0f} GB free under {}", free_bytes * 1e-9, path)};
}

void AddSources(const std::vector<SourceInfo>& sources, std::vector<DoctorFinding>& findings) {
  for (const auto& source : sources) {
    if (source.state == "gone") {
      findings.push_back(
          {"source " + source.name, "error",
           fmt::format("files are gone: {}. Restore them, or: iolite sources remove {}",
                       source.paths.empty() ? "" : source.paths.front(), source.name)});
    } else if (source.state == "changed") {
      findings.push_back(
          {"source " + source.name, "note",
           "its files changed since they were read; the next query reads them anew, and "
           "`iolite embed` brings vectors up to date"});
    }
  }
  if (sources.empty())
    findings.push_back({"sources", "note", "none: iolite sources add NAME FILE"});
}

void AddTables(const std::vector<TableInfo>& tables, std::vector<DoctorFinding>& findings) {
  for (const auto& table : tables) {
    if (table.problem.empty()) continue;
    findings.push_back(
        {"table " + table.name, "error",
         fmt::format("{}. Look closer: iolite tables verify {}", table.problem, table.name)});
  }
}

}  // namespace

Result<std::vector<DoctorFinding>> LocalEngine::Diagnose() {
  std::vector<DoctorFinding> findings;
  findings.push_back(Processor());
  findings.push_back({"memory", "ok",
                      fmt::format("budget of {:.1f} GB, {:.1f} GB in use",
                                  budget_->limit_bytes() * 1e-9, budget_->used_bytes() * 1e-9)});
  findings.push_back(Disk(path_));
  findings.push_back({"database", writer_.empty() ? "ok" : "note",
                      writer_.empty()
                          ? fmt::format("{} can be read{}", path_, read_only_ ? "" : " and written")
                          : fmt::format("read only: {}", writer_)});
  IOLITE_ASSIGN_OR_RETURN(auto runtime, program::OpenVinoRuntime());
  findings.push_back({"models", "ok", fmt::format("{} {}", runtime->name(), runtime->version())});
  IOLITE_ASSIGN_OR_RETURN(auto models, ListModels());
  for (const auto& model : models) {
    if (!model.problem.empty()) findings.push_back({"model " + model.id, "error", model.problem});
  }
  IOLITE_ASSIGN_OR_RETURN(auto sources, ListSources());
  AddSources(sources, findings);
  IOLITE_ASSIGN_OR_RETURN(auto tables, ListTables());
  AddTables(tables, findings);
  for (const auto& setting : ListSettings()) {
    if (setting.origin == "default") continue;
    findings.push_back({"setting " + setting.key, "note",
                        fmt::format("{} (from {})", setting.value, setting.origin)});
  }
  return findings;
}

}  // namespace iolite::engine
