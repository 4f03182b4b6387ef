export default {
  fetch() {
	const x = = 1;
  },
};
