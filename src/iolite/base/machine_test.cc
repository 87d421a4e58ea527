#include "iolite/base/machine.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "iolite/base/random.h"

namespace iolite {
namespace {

constexpr int64_t kMebibyte = 1 << 20;

// A machine's /proc and /sys, as files in a folder of their own.
class FakeMachine {
 public:
  FakeMachine()
      : root_(std::filesystem::temp_directory_path() /
              ("iolite-machine-" + Random::System().NextHex(12))) {}
  ~FakeMachine() { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  std::string root() const { return root_.string(); }

 private:
  std::filesystem::path root_;
};

TEST(Machine, TellsWhatIsInstalled) {
  FakeMachine machine;
  machine.Write("proc/meminfo", "MemTotal:        4096 kB\nMemFree:  1 kB\n");
  EXPECT_EQ(MachineMemoryBytes(machine.root()), 4 * kMebibyte);
}

TEST(Machine, TheTightestControlGroupOnTheWayUpBounds) {
  FakeMachine machine;
  machine.Write("proc/meminfo", "MemTotal: 4096 kB\n");
  machine.Write("proc/self/cgroup", "0::/service/worker\n");
  machine.Write("sys/fs/cgroup/service/worker/memory.max", "max\n");
  EXPECT_EQ(MachineMemoryBytes(machine.root()), 4 * kMebibyte);
  machine.Write("sys/fs/cgroup/service/memory.max", "2097152\n");
  EXPECT_EQ(MachineMemoryBytes(machine.root()), 2 * kMebibyte);
  machine.Write("sys/fs/cgroup/service/worker/memory.max", "1048576\n");
  EXPECT_EQ(MachineMemoryBytes(machine.root()), 1 * kMebibyte);
}

TEST(Machine, AContainerSeesItsBoundAtTheTop) {
  FakeMachine machine;
  machine.Write("proc/meminfo", "MemTotal: 4096 kB\n");
  machine.Write("proc/self/cgroup", "0::/\n");
  machine.Write("sys/fs/cgroup/memory.max", "3145728\n");
  EXPECT_EQ(MachineMemoryBytes(machine.root()), 3 * kMebibyte);
}

TEST(Machine, ReadsTheFirstVersionOfControlGroups) {
  FakeMachine machine;
  machine.Write("proc/meminfo", "MemTotal: 4096 kB\n");
  machine.Write("proc/self/cgroup", "4:cpu,cpuacct:/a\n3:memory:/a\n");
  machine.Write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1048576\n");
  machine.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(MachineMemoryBytes(machine.root()), 1 * kMebibyte);
}

TEST(Machine, NothingToldIsZero) {
  FakeMachine machine;
  EXPECT_EQ(MachineMemoryBytes(machine.root()), 0);
  EXPECT_GT(MachineMemoryBytes(), 0);
}

}  // namespace
}  // namespace iolite
