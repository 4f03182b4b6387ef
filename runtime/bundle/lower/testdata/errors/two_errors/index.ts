import "./a";
import "./b";
export default {};
