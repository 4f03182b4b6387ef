#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "storage/store/store_impl.h"

namespace edge::storage {

Activation::Activation(StoreImpl& store, Entry& entry, uint64_t epoch) : store_(store), entry_(&entry), epoch_(epoch) {
  ++entry.users;
  if (entry.key != CatalogKey()) ++store.activations_;
  // What the activation before has committed is part of what this one sees, and may not be shown before it is durable.
  committed_ = entry.pending.empty() ? 0 : entry.last;
}

Activation::~Activation() {
  CloseImage();
  if (entry_->key != CatalogKey()) --store_.activations_;
  --entry_->users;
  store_.Release(*this);
}

void Activation::CloseImage() {
  if (image_ == nullptr) return;
  image_.reset();
  if (entry_->key != CatalogKey()) --store_.open_databases_;
}

absl::StatusOr<ObjectImage*> Activation::Image() {
  EDGE_RETURN_IF_ERROR(lost_);
  if (image_ == nullptr) {
    absl::StatusOr<std::unique_ptr<ObjectImage>> image =
        ObjectImage::Open(*this, *this, entry_->key.ToString(), store_.options_.services, store_.options_.image);
    EDGE_RETURN_IF_ERROR(lost_);
    EDGE_RETURN_IF_ERROR(image.status());
    // Two fibers may have opened it at once.
    if (image_ == nullptr && entry_->key != CatalogKey()) ++store_.open_databases_;
    image_ = *std::move(image);
  }
  return image_.get();
}

bool Activation::IsDurable(Position position) const { return lost_.ok() && position <= store_.log_->durable(); }

absl::Status Activation::WaitDurable(Position position, Instant deadline) {
  EDGE_RETURN_IF_ERROR(lost_);
  absl::Status status = store_.log_->WaitDurable(position, deadline);
  return !status.ok() && !lost_.ok() ? lost_ : status;
}

uint32_t Activation::pages() const { return store_.PagesOf(*entry_); }

absl::Status Activation::ReadPage(uint32_t page, std::span<char, kPageBytes> out) {
  EDGE_RETURN_IF_ERROR(lost_);
  if (entry_->pending.Read(page, out)) return absl::OkStatus();
  if (page > entry_->durable.pages()) {
    std::fill(out.begin(), out.end(), '\0');
    return absl::OkStatus();
  }
  absl::Status status = entry_->durable.Read(page, *this, out);
  // Whoever has taken the object over may have changed the page meanwhile.
  EDGE_RETURN_IF_ERROR(lost_);
  return status;
}

absl::Status Activation::ReadBasePage(uint32_t page, std::span<char, kPageBytes> out) {
  return store_.bases_.ReadPage(entry_->path, page, out);
}

bool Activation::NeedsWholePage(uint32_t page) const { return store_.NeedsWholePage(*entry_, page); }

absl::Status Activation::Commit(PageSet set) {
  EDGE_RETURN_IF_ERROR(lost_);
  EDGE_RETURN_IF_ERROR(store_.Commit(*entry_, epoch_, std::move(set)));
  committed_ = entry_->last;
  return absl::OkStatus();
}

}  // namespace edge::storage
