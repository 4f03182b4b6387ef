#include "runtime/os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <map>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge {
namespace {

struct Pipe {
  Fd read;
  Fd write;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ResourceExhaustedError(StrCat("pipe: ", ErrorText(errno)));
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// The parent's environment with `added` in place of or besides its entries.
std::vector<std::string> MergedEnvironment(const std::vector<std::string>& added) {
  std::map<std::string, std::string> merged;
  const auto add = [&merged](std::string entry) {
    std::string name = entry.substr(0, entry.find('='));
    merged[std::move(name)] = std::move(entry);
  };
  for (char** entry = environ; *entry != nullptr; ++entry) add(*entry);
  for (const std::string& entry : added) add(entry);
  std::vector<std::string> entries;
  for (auto& [name, entry] : merged) entries.push_back(std::move(entry));
  return entries;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

absl::Status SpawnError(const std::string& program, int error) {
  const std::string text = StrCat("cannot run ", program, ": ", ErrorText(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(text);
    case EACCES:
    case EPERM:
    case ENOEXEC:
      return absl::PermissionDeniedError(text);
    case E2BIG:
      return absl::InvalidArgumentError(text);
    default:
      return absl::ResourceExhaustedError(text);
  }
}

// Descriptor and signal state of the child: 0..2 are the pipes; nothing blocked, nothing ignored; a process group of its own.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Child>> Child::Start(EpollLoop& loop, Scheduler& scheduler, const ChildOptions& options) {
  if (options.arguments.empty() || options.arguments[0].empty()) return absl::InvalidArgumentError("no program to run");
  const std::string& program = options.arguments[0];
  if (!options.working_directory.empty()) {
    struct stat info {};
    if (stat(options.working_directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
      return absl::InvalidArgumentError(StrCat("cannot run ", program, " in ", options.working_directory, ": not a directory"));
    }
  }
  EDGE_ASSIGN_OR_RETURN(Pipe in, MakePipe());
  EDGE_ASSIGN_OR_RETURN(Pipe out, MakePipe());
  EDGE_ASSIGN_OR_RETURN(Pipe err, MakePipe());

  SpawnSettings settings;
  posix_spawn_file_actions_adddup2(&settings.actions, in.read.get(), 0);
  posix_spawn_file_actions_adddup2(&settings.actions, out.write.get(), 1);
  posix_spawn_file_actions_adddup2(&settings.actions, err.write.get(), 2);
  if (!options.working_directory.empty()) posix_spawn_file_actions_addchdir_np(&settings.actions, options.working_directory.c_str());
  const std::vector<std::string> environment = MergedEnvironment(options.environment);

  std::unique_ptr<Child> child(new Child(loop, scheduler));
  const int error = posix_spawnp(&child->pid_, program.c_str(), &settings.actions, &settings.attributes, Pointers(options.arguments).data(),
                                 Pointers(environment).data());
  if (error != 0) {
    child->pid_ = -1;
    return SpawnError(program, error);
  }
  // Not by glibc's wrapper: Debian 12 declares it for C alone.
  Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, child->pid_, 0)));
  if (!pidfd.valid()) return absl::ResourceExhaustedError(StrCat("pidfd_open: ", ErrorText(errno)));
  EDGE_RETURN_IF_ERROR(child->Watch(std::move(pidfd), child->pidfd_));
  EDGE_RETURN_IF_ERROR(child->Watch(std::move(in.write), child->in_));
  EDGE_RETURN_IF_ERROR(child->Watch(std::move(out.read), child->out_));
  EDGE_RETURN_IF_ERROR(child->Watch(std::move(err.read), child->err_));
  return child;
}

Child::~Child() {
  Unwatch(pidfd_);
  Unwatch(in_);
  Unwatch(out_);
  Unwatch(err_);
  if (pid_ < 0) return;
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

absl::Status Child::Watch(Fd fd, Fd& place) {
  fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  EDGE_RETURN_IF_ERROR(loop_.Add(fd.get(), EPOLLIN | EPOLLOUT, this));
  place = std::move(fd);
  return absl::OkStatus();
}

void Child::Unwatch(Fd& place) {
  if (!place.valid()) return;
  loop_.Remove(place.get(), this);
  place.Close();
}

void Child::OnEvents(uint32_t) {
  something_happened_ = true;
  if (waiter_ != nullptr) scheduler_.Wake(waiter_);
}

void Child::Feed(std::string_view& input) {
  while (in_.valid()) {
    if (input.empty()) return Unwatch(in_);
    const ssize_t written = write(in_.get(), input.data(), input.size());
    if (written >= 0) {
      input.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      return Unwatch(in_);  // it does not read to the end, which is its right
    }
  }
}

absl::Status Child::Collect(Fd& from, std::string& to, size_t bytes_max) {
  char buffer[16 << 10];
  while (from.valid()) {
    const ssize_t got = read(from.get(), buffer, sizeof(buffer));
    if (got > 0) {
      if (to.size() + static_cast<size_t>(got) > bytes_max)
        return absl::ResourceExhaustedError(StrCat("more than ", bytes_max, " bytes of output"));
      to.append(buffer, static_cast<size_t>(got));
    } else if (got < 0 && errno == EAGAIN) {
      break;
    } else if (got == 0 || errno != EINTR) {
      Unwatch(from);
    }
  }
  return absl::OkStatus();
}

bool Child::Reap(ChildResult& result) {
  int state = 0;
  const pid_t reaped = waitpid(pid_, &state, WNOHANG);
  EDGE_CHECK(reaped >= 0 || errno == EINTR) << "waitpid: " << ErrorText(errno);
  if (reaped != pid_) return false;
  pid_ = -1;
  result.exit_code = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
  return true;
}

absl::StatusOr<ChildResult> Child::RunToEnd(std::string_view input, size_t output_bytes_max, Instant deadline) {
  ChildResult result;
  waiter_ = scheduler_.current();
  for (;;) {
    something_happened_ = false;
    Feed(input);
    // Reaped before the last look at its output: everything it wrote is in the pipes by then.
    const bool ended = Reap(result);
    EDGE_RETURN_IF_ERROR(Collect(out_, result.out, output_bytes_max));
    EDGE_RETURN_IF_ERROR(Collect(err_, result.err, output_bytes_max));
    if (ended) return result;
    while (!something_happened_) EDGE_RETURN_IF_ERROR(scheduler_.Suspend(deadline));
  }
}

}  // namespace edge
