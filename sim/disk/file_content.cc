#include "sim/disk/file_content.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "sim/disk/crash_points.h"

namespace edge::sim {
namespace {

constexpr size_t kUnitsMax = 64;

char* SectorOf(std::array<char, kPageBytes>& page, uint32_t sector) { return page.data() + sector * kSectorBytes; }

void FillGarbage(char* sector, uint64_t seed) {
  for (uint64_t i = 0; i < kSectorBytes / 8; ++i) {
    const uint64_t word = CombineHash(seed, i);
    std::memcpy(sector + i * 8, &word, 8);
  }
}

}  // namespace

FileContent::~FileContent() { budget_->used -= pages_.size(); }

// --- as processes see it ---

size_t FileContent::Read(uint64_t offset, std::span<char> buffer) const {
  if (offset >= size_) return 0;
  const size_t count = std::min<uint64_t>(buffer.size(), size_ - offset);
  for (size_t done = 0; done < count;) {
    const uint64_t at = offset + done, within = at % kPageBytes;
    const size_t piece = std::min<uint64_t>(kPageBytes - within, count - done);
    const auto page = pages_.find(at / kPageBytes);
    if (page == pages_.end()) {
      std::memset(buffer.data() + done, 0, piece);
    } else {
      std::memcpy(buffer.data() + done, page->second.now.data() + within, piece);
    }
    done += piece;
  }
  return count;
}

size_t FileContent::Write(uint64_t offset, std::string_view data) {
  size_t done = 0;
  while (done < data.size()) {
    const uint64_t at = offset + done, within = at % kPageBytes;
    const size_t piece = std::min<uint64_t>(kPageBytes - within, data.size() - done);
    Page* const page = PageAt(at / kPageBytes);
    if (page == nullptr) break;
    Touch(at / kPageBytes, *page, within, within + piece);
    std::memcpy(page->now.data() + within, data.data() + done, piece);
    done += piece;
  }
  if (done == 0) return 0;
  const uint64_t end = offset + done;
  // Also when readers see no change of size: a size that a failed Sync has forgotten is written again with the data that needs it.
  if (end > size_ || end > platter_size_) size_pending_ = true;
  size_ = std::max(size_, end);
  return done;
}

void FileContent::Resize(uint64_t size) {
  if (size == size_) return;
  if (size < size_) ZeroFrom(size);
  size_ = size;
  size_pending_ = true;
  floor_ = std::min(floor_, size);
  sync_floor_ = std::min(sync_floor_, size);
}

FileContent::Page* FileContent::PageAt(uint64_t index) {
  const auto found = pages_.find(index);
  if (found != pages_.end()) return &found->second;
  if (budget_->used >= budget_->max) return nullptr;
  ++budget_->used;
  return &pages_[index];
}

void FileContent::Touch(uint64_t index, Page& page, uint64_t begin, uint64_t end) {
  if (page.unsynced == nullptr) {
    page.unsynced.reset(new Unsynced);  // its platter bytes are set sector by sector
    unsynced_.push_back(index);
  }
  Unsynced& unsynced = *page.unsynced;
  for (uint32_t sector = begin / kSectorBytes; sector * kSectorBytes < end; ++sector) {
    const uint8_t bit = 1u << sector;
    if ((unsynced.differs & bit) == 0) std::memcpy(SectorOf(unsynced.platter, sector), SectorOf(page.now, sector), kSectorBytes);
    if ((unsynced.syncing & ~unsynced.overtaken & bit) != 0) {
      if (unsynced.covered == nullptr) unsynced.covered.reset(new std::array<char, kPageBytes>);
      std::memcpy(SectorOf(*unsynced.covered, sector), SectorOf(page.now, sector), kSectorBytes);
      unsynced.overtaken |= bit;
    }
    unsynced.differs |= bit;
    unsynced.dirty |= bit;
  }
}

void FileContent::ZeroFrom(uint64_t offset) {
  for (auto at = pages_.lower_bound(offset / kPageBytes); at != pages_.end(); ++at) {
    const uint64_t start = at->first * kPageBytes;
    const uint64_t begin = offset > start ? offset - start : 0;
    Touch(at->first, at->second, begin, kPageBytes);
    std::memset(at->second.now.data() + begin, 0, kPageBytes - begin);
  }
}

// --- sync ---

void FileContent::BeginSync() {
  EDGE_CHECK(!syncing_);
  for (const uint64_t index : unsynced_) {
    Unsynced& unsynced = *pages_.at(index).unsynced;
    unsynced.syncing = std::exchange(unsynced.dirty, 0);
    unsynced.overtaken = 0;
  }
  sync_size_ = sync_floor_ = size_;
  sync_covers_size_ = std::exchange(size_pending_, false);
  syncing_ = true;
}

void FileContent::Reached(Page& page, uint32_t sector) {
  Unsynced& unsynced = *page.unsynced;
  const uint8_t bit = 1u << sector;
  if ((unsynced.overtaken & bit) != 0) {
    std::memcpy(SectorOf(unsynced.platter, sector), SectorOf(*unsynced.covered, sector), kSectorBytes);
  } else {
    unsynced.differs &= ~bit;
  }
}

void FileContent::SizeReached() {
  platter_size_ = sync_size_;
  floor_ = sync_floor_;
}

void FileContent::EndSync() { FailSync(1); }

void FileContent::FailSync(uint64_t pattern) {
  EDGE_CHECK(syncing_);
  const auto reached = [&](uint64_t what) { return pattern == 1 || (pattern > 1 && (CombineHash(pattern, what) & 1) != 0); };
  for (const uint64_t index : unsynced_) {
    Page& page = pages_.at(index);
    for (uint32_t sector = 0; sector < kSectorsPerPage; ++sector) {
      if ((page.unsynced->syncing >> sector & 1) != 0 && reached(index * kSectorsPerPage + sector)) Reached(page, sector);
    }
    page.unsynced->syncing = page.unsynced->overtaken = 0;
  }
  if (sync_covers_size_ && reached(UINT64_MAX)) SizeReached();
  syncing_ = false;
  Settle();
}

void FileContent::DropSync() {
  EDGE_CHECK(syncing_);
  for (const uint64_t index : unsynced_) {
    Unsynced& unsynced = *pages_.at(index).unsynced;
    unsynced.dirty |= std::exchange(unsynced.syncing, 0);
    unsynced.overtaken = 0;
  }
  size_pending_ |= sync_covers_size_;
  syncing_ = false;
}

void FileContent::Settle() {
  std::erase_if(unsynced_, [this](uint64_t index) {
    Page& page = pages_.at(index);
    if (page.unsynced->differs != 0) return false;
    page.unsynced = nullptr;
    return true;
  });
  const uint64_t pages_needed = (std::max(size_, platter_size_) + kPageBytes - 1) / kPageBytes;
  for (auto at = pages_.lower_bound(pages_needed); at != pages_.end();) {
    if (at->second.unsynced != nullptr) {
      ++at;
      continue;
    }
    at = pages_.erase(at);
    --budget_->used;
  }
}

// --- crashes ---

bool FileContent::has_forgotten() const {
  for (const uint64_t index : unsynced_) {
    const Unsynced& unsynced = *pages_.at(index).unsynced;
    if ((unsynced.differs & ~unsynced.dirty & ~unsynced.syncing) != 0) return true;
  }
  return false;
}

void FileContent::EvictForgotten() {
  for (const uint64_t index : unsynced_) {
    Page& page = pages_.at(index);
    Unsynced& unsynced = *page.unsynced;
    for (uint32_t sector = 0; sector < kSectorsPerPage; ++sector) {
      const uint8_t bit = 1u << sector;
      if ((unsynced.differs & ~unsynced.dirty & ~unsynced.syncing & bit) == 0) continue;
      std::memcpy(SectorOf(page.now, sector), SectorOf(unsynced.platter, sector), kSectorBytes);
      unsynced.differs &= ~bit;
    }
  }
  Settle();
}

std::vector<uint64_t> FileContent::DirtySectors() const {
  std::vector<uint64_t> sectors;
  for (const uint64_t index : unsynced_) {
    for (uint32_t sector = 0; sector < kSectorsPerPage; ++sector) {
      if ((pages_.at(index).unsynced->dirty >> sector & 1) != 0) sectors.push_back(index * kSectorsPerPage + sector);
    }
  }
  std::sort(sectors.begin(), sectors.end());
  return sectors;
}

void FileContent::RevertDirty() {
  for (const uint64_t index : unsynced_) {
    Page& page = pages_.at(index);
    for (uint32_t sector = 0; sector < kSectorsPerPage; ++sector) {
      if ((page.unsynced->dirty >> sector & 1) == 0) continue;
      std::memcpy(SectorOf(page.now, sector), SectorOf(page.unsynced->platter, sector), kSectorBytes);
    }
  }
}

// One draw for each sector; of a large unsynced range, one for each of at most kUnitsMax aligned pieces, so that a crash in the middle of a
// large transfer is not thousands of decisions.
void FileContent::TearSectors(Oracle& oracle, ActorId actor, Key crash) {
  const std::vector<uint64_t> sectors = DirtySectors();
  int shift = 0;
  const auto units = [&] {
    size_t count = 0;
    for (size_t i = 0; i < sectors.size(); ++i) count += i == 0 || sectors[i] >> shift != sectors[i - 1] >> shift;
    return count;
  };
  while (units() > kUnitsMax) ++shift;
  for (size_t begin = 0; begin < sectors.size();) {
    const uint64_t unit = sectors[begin] >> shift;
    size_t end = begin;
    while (end < sectors.size() && sectors[end] >> shift == unit) ++end;
    const Key key = CombineHash(CombineHash(key_, crash), unit << shift);
    const auto fate = static_cast<SectorFate>(oracle.Draw(kCrashSector, actor, key, Distribution::Weighted(kSectorFates)));
    const auto bytes = static_cast<int64_t>((end - begin) * kSectorBytes);
    uint64_t tear = 0;
    if (fate != SectorFate::kNew && fate != SectorFate::kOld)
      tear = oracle.Draw(kCrashTear, actor, key, Distribution::Uniform(1, bytes - 1));
    for (size_t i = begin; i < end; ++i) {
      Page& page = pages_.at(sectors[i] / kSectorsPerPage);
      const uint32_t sector = sectors[i] % kSectorsPerPage;
      char* const now = SectorOf(page.now, sector);
      const char* const old = SectorOf(page.unsynced->platter, sector);
      // Where the tear lies, seen from this sector.
      const uint64_t start = (i - begin) * kSectorBytes, at = std::clamp(tear, start, start + kSectorBytes) - start;
      switch (fate) {
        case SectorFate::kNew:
          break;
        case SectorFate::kOld:
          std::memcpy(now, old, kSectorBytes);
          break;
        case SectorFate::kHead:
          std::memcpy(now + at, old + at, kSectorBytes - at);
          break;
        case SectorFate::kTail:
          std::memcpy(now, old, at);
          break;
        case SectorFate::kGarbage:
          // New before the torn sector, old after it.
          if (tear / kSectorBytes == i - begin) {
            FillGarbage(now, CombineHash(key, tear));
          } else if (at == 0) {
            std::memcpy(now, old, kSectorBytes);
          }
          break;
      }
    }
    begin = end;
  }
}

uint64_t FileContent::DrawSize(Oracle& oracle, ActorId actor, Key crash) const {
  const Key key = CombineHash(key_, crash);
  switch (static_cast<SizeFate>(oracle.Draw(kCrashSize, actor, key, Distribution::Weighted(kSizeFates)))) {
    case SizeFate::kNew:
      return size_;
    case SizeFate::kOld:
      return platter_size_;
    case SizeFate::kBetween:
      return size_ - oracle.Draw(kCrashTear, actor, CombineHash(key, 1), Distribution::Uniform(0, size_ - std::min(floor_, size_)));
  }
  return size_;
}

void FileContent::PowerLoss(Oracle& oracle, ActorId actor, Key crash) {
  EDGE_CHECK(!syncing_) << "a Sync outlives its incarnation";
  EvictForgotten();
  uint64_t final_size = size_pending_ ? size_ : platter_size_;
  if (!unsynced_.empty() || size_pending_) {
    switch (static_cast<FileFate>(oracle.Draw(kCrashFile, actor, CombineHash(key_, crash), Distribution::Weighted(kFileFates)))) {
      case FileFate::kKept:
        break;
      case FileFate::kLost:
        RevertDirty();
        final_size = platter_size_;
        break;
      case FileFate::kMixed: {
        if (size_pending_) final_size = DrawSize(oracle, actor, crash);
        // A cut and what was written after it belong together: where the cut has not happened, nothing above it has changed, and where it
        // has, what was above it cannot come back.
        const bool cut = floor_ < platter_size_, cut_kept = final_size != platter_size_;
        for (const uint64_t index : unsynced_) {
          Page& page = pages_.at(index);
          const uint64_t start = index * kPageBytes, begin = std::clamp(floor_, start, start + kPageBytes) - start;
          if (cut && cut_kept) std::memset(page.unsynced->platter.data() + begin, 0, kPageBytes - begin);
        }
        TearSectors(oracle, actor, crash);
        if (!cut || cut_kept) break;
        for (const uint64_t index : unsynced_) {
          Page& page = pages_.at(index);
          const uint64_t start = index * kPageBytes;
          for (uint32_t sector = 0; sector < kSectorsPerPage; ++sector) {
            const uint64_t first = std::clamp(floor_, start + sector * kSectorBytes, start + (sector + 1) * kSectorBytes) - start;
            const uint64_t bytes = (sector + 1) * kSectorBytes - first;
            if ((page.unsynced->dirty >> sector & 1) != 0)
              std::memcpy(page.now.data() + first, page.unsynced->platter.data() + first, bytes);
          }
        }
        break;
      }
    }
  }
  for (const uint64_t index : std::exchange(unsynced_, {})) pages_.at(index).unsynced = nullptr;
  ZeroFrom(final_size);  // marks what it changes as unsynced
  for (const uint64_t index : std::exchange(unsynced_, {})) pages_.at(index).unsynced = nullptr;
  size_ = platter_size_ = floor_ = final_size;
  size_pending_ = false;
  Settle();
}

}  // namespace edge::sim
