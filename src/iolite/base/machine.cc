#include "iolite/base/machine.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

namespace iolite {
namespace {

constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max();

// The one number in a file; kUnbounded for `max`, for nonsense, or without the file.
int64_t ReadBound(const std::string& path) {
  std::ifstream file(path);
  int64_t bytes = 0;
  return file >> bytes && bytes > 0 ? bytes : kUnbounded;
}

// The tightest bound from a group up to the root of its hierarchy.
int64_t BoundOfGroup(const std::string& mount, std::string group, const std::string& file) {
  int64_t bound = ReadBound(mount + "/" + file);
  while (!group.empty() && group != "/") {
    bound = std::min(bound, ReadBound(mount + group + "/" + file));
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
  return bound;
}

int64_t ControlGroupBound(const std::string& root) {
  std::ifstream groups(root + "/proc/self/cgroup");
  const std::string mount = root + "/sys/fs/cgroup";
  int64_t bound = kUnbounded;
  for (std::string line; std::getline(groups, line);) {  // hierarchy:controllers:path
    const size_t first = line.find(':');
    const size_t second = line.find(':', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) bound = std::min(bound, BoundOfGroup(mount, group, "memory.max"));
    if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      bound = std::min(bound, BoundOfGroup(mount + "/memory", group, "memory.limit_in_bytes"));
    }
  }
  return bound;
}

int64_t InstalledMemory(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    int64_t kibibytes = 0;
    if (words >> name >> kibibytes && name == "MemTotal:") return kibibytes * 1024;
  }
  return kUnbounded;
}

}  // namespace

int64_t MachineMemoryBytes(const std::string& root) {
  const int64_t bytes = std::min(InstalledMemory(root), ControlGroupBound(root));
  return bytes == kUnbounded ? 0 : bytes;
}

}  // namespace iolite
